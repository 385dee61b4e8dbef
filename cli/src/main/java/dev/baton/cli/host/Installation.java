package dev.baton.cli.host;

import java.nio.file.Path;

/** The folders of the checkout that {@code ./baton} was started from. */
public final class Installation {
    private Installation() {}

    /** The checkout itself. */
    public static Path home() {
        return Path.of(System.getProperty("baton.home", ".")).toAbsolutePath().normalize();
    }

    /** Where logs, data and the record of processes are kept: {@code .baton} in the checkout unless told otherwise. */
    public static Path state() {
        String named = System.getProperty("baton.state");
        return named == null
                ? home().resolve(".baton")
                : Path.of(named).toAbsolutePath().normalize();
    }
}
