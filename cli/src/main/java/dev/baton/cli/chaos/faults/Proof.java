package dev.baton.cli.chaos.faults;

import dev.baton.cli.host.CliException;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waiting for what shows that a fault took effect, or that it is over. */
public final class Proof {
    private static final long POLL_MILLIS = 20;

    private Proof() {}

    /** @throws CliException beginning with {@code fault not applied} unless there is proof */
    static void applied(boolean proof, String otherwise) {
        if (!proof) {
            throw new CliException("fault not applied: " + otherwise);
        }
    }

    /** Whether it holds, now or at some time until then. */
    public static boolean within(Duration limit, BooleanSupplier holds) {
        long end = System.nanoTime() + limit.toNanos();
        while (!holds.getAsBoolean()) {
            if (System.nanoTime() - end >= 0) {
                return false;
            }
            sleep(Duration.ofMillis(POLL_MILLIS));
        }
        return true;
    }

    public static void sleep(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }
}
