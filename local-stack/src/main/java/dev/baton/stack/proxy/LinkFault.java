package dev.baton.stack.proxy;

import java.time.Duration;
import java.util.Random;

/** What is wrong with a connection. */
public sealed interface LinkFault {
    /** It is reset, and so is every new one as soon as it has been accepted. */
    record Cut() implements LinkFault {}

    /**
     * The bytes of one way are lost and nobody is told. The connection is reset at the end of it, for a stream with a hole
     * can never go on.
     */
    record OneWay(Way lost) implements LinkFault {}

    /**
     * A share of what is read, both ways, is held back for some time, and what follows it waits: as when packets are lost
     * and sent again.
     *
     * @param share 0 to 1
     */
    record Stalls(double share, Duration least, Duration most) implements LinkFault {
        public Stalls {
            if (!(share >= 0 && share <= 1) || least.isNegative() || most.compareTo(least) <= 0) {
                throw new IllegalArgumentException("share %s, %s to %s".formatted(share, least, most));
            }
        }

        /** How long to hold the next piece back. */
        Duration next(Random random) {
            return random.nextDouble() < share
                    ? Duration.ofMillis(random.nextLong(least.toMillis(), most.toMillis()))
                    : Duration.ZERO;
        }
    }

    /** A way through the proxy. */
    enum Way {
        /** From who connects to who listens. */
        TO_TARGET,
        TO_CLIENT
    }
}
