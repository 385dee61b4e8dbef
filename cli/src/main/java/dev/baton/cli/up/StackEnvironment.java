package dev.baton.cli.up;

import dev.baton.cli.host.Installation;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a stack runs.
 *
 * @param home checkout whose build is run
 * @param state folder of its logs, its data and the record of its processes: two stacks never share one
 * @param kafka bootstrap servers of a broker that runs already; {@code redis} the URL of such a server
 * @param records whether roles without a start-up cache record one, which makes their end slow
 */
public record StackEnvironment(Path home, Path state, Optional<String> kafka, Optional<URI> redis, boolean records) {
    /** The developer's own: what {@code up} starts and {@code down} ends. */
    static StackEnvironment own() {
        return new StackEnvironment(
                Installation.home(), Installation.state(), Optional.empty(), Optional.empty(), false);
    }

    /** Of stacks that a bench starts and ends: out of the way of the developer's own. */
    public static StackEnvironment bench() {
        return new StackEnvironment(
                Installation.home(), Installation.state().resolve("bench"), Optional.empty(), Optional.empty(), false);
    }

    /** Where the build records start-up caches, out of the way too. */
    static StackEnvironment recording() {
        return new StackEnvironment(
                Installation.home(), Installation.state().resolve("prepare"), Optional.empty(), Optional.empty(), true);
    }
}
