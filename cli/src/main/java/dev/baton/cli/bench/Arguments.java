package dev.baton.cli.bench;

import dev.baton.cli.host.CliException;
import java.time.Duration;

/** Refuses option values that would make a run empty or endless. */
public final class Arguments {
    private Arguments() {}

    public static void positive(String option, int value) {
        if (value < 1) {
            throw new CliException(option + " takes at least 1, not " + value);
        }
    }

    public static void positive(String option, Duration value) {
        if (value.isZero() || value.isNegative()) {
            throw new CliException(option + " takes more than 0, as in 500ms or 2s");
        }
    }
}
