package dev.baton.gateway.toolcalls;

import org.jspecify.annotations.Nullable;

/** Reads one call as its characters come. */
sealed interface CallReader permits ObjectCall, NamedCall {
    /** Takes the next character; the first one is the first of the call. */
    void read(char c);

    boolean ended();

    /** Null until it is known. */
    @Nullable
    String name();

    /** The text of the arguments that has come since this was last asked. */
    String takeArguments();
}
