package dev.baton.cli.up;

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
public record StackPlace(Path home, Path state, Optional<String> kafka, Optional<URI> redis, boolean records) {
    /** The developer's own: {@code .baton} in the checkout. */
    static StackPlace of(Path home) {
        return new StackPlace(home, home.resolve(".baton"), Optional.empty(), Optional.empty(), false);
    }

    /** Where the build records start-up caches, out of the way of a running stack. */
    static StackPlace recording(Path home) {
        return new StackPlace(home, home.resolve(".baton/prepare"), Optional.empty(), Optional.empty(), true);
    }
}
