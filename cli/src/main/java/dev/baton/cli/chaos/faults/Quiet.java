package dev.baton.cli.chaos.faults;

import java.util.function.Supplier;

/** Can keep clients from asking for a moment. */
public interface Quiet {
    /**
     * Waits until none of them has a request under way, and lets none ask before {@code deed} is done.
     *
     * @throws dev.baton.cli.host.CliException when they do not end
     */
    <T> T during(Supplier<T> deed);
}
