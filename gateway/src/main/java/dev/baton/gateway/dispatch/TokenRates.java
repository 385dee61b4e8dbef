package dev.baton.gateway.dispatch;

import dev.baton.cluster.streams.StreamListener;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/** How many tokens a second came from each worker lately, as this gateway has received them. Any thread. */
final class TokenRates {
    private static final long WINDOW = 2_000_000_000L;
    private static final int MOST_WORKERS = 4_096;

    private final LongSupplier nanos;
    private final Map<String, Rate> rates = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Rate> eldest) {
            return size() > MOST_WORKERS;
        }
    };

    /** @param nanos the monotonic clock */
    TokenRates(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** The window that fills, and what the one before it had. */
    private static final class Rate {
        private long since;
        private long tokens;
        private double before;

        Rate(long now) {
            this.since = now;
        }

        void roll(long now) {
            long passed = now - since;
            if (passed >= WINDOW) {
                before = passed >= 2 * WINDOW ? 0 : tokens * 1e9 / WINDOW;
                tokens = 0;
                since = now;
            }
        }
    }

    /** Hands all on to {@code listener}, and counts. */
    StreamListener counting(StreamListener listener) {
        return new StreamListener() {
            @Override
            public void connected(WorkerRef worker, boolean again) {
                listener.connected(worker, again);
            }

            @Override
            public void progress(WorkerRef worker, List<Progress> frame) {
                int tokens = 0;
                for (Progress progress : frame) {
                    tokens += progress.getTokensCount();
                }
                add(worker.getId(), tokens);
                listener.progress(worker, frame);
            }

            @Override
            public void declined(WorkerRef worker, Decline decline) {
                listener.declined(worker, decline);
            }

            @Override
            public void leaving(WorkerRef worker) {
                listener.leaving(worker);
            }

            @Override
            public void suspect(WorkerRef worker, String why) {
                listener.suspect(worker, why);
            }

            @Override
            public void dead(WorkerRef worker, String why) {
                listener.dead(worker, why);
            }
        };
    }

    synchronized void add(String worker, int tokens) {
        long now = nanos.getAsLong();
        Rate rate = rates.computeIfAbsent(worker, id -> new Rate(now));
        rate.roll(now);
        rate.tokens += tokens;
    }

    /** Tokens a second over the last two to four seconds. */
    synchronized double of(String worker) {
        Rate rate = rates.get(worker);
        if (rate == null) {
            return 0;
        }
        long now = nanos.getAsLong();
        rate.roll(now);
        double share = (now - rate.since) / (double) WINDOW;
        return rate.before * (1 - share) + rate.tokens * 1e9 / WINDOW;
    }
}
