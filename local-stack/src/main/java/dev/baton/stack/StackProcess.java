package dev.baton.stack;

import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * One process of a stack, owned from the moment it exists and not only once it serves: its holder can record it,
 * wait for it and end it at any point of its start.
 */
public interface StackProcess extends AutoCloseable {
    ChildProcess child();

    /** Whether it serves now. */
    boolean ready();

    /** Its exit status, empty while it runs. */
    OptionalInt exitStatus();

    /** Where its output goes. */
    Path log();

    /** The last lines of its log that say what went wrong, for people. */
    String lastWords();

    /** Ends it, gracefully where it has come far enough for that, and returns when it is gone. */
    @Override
    void close();
}
