package dev.baton.worker;

import dev.baton.cluster.streams.TokenStreamServer;
import dev.baton.engine.EngineListener;
import dev.baton.kv.BlockHash;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.KnownTokens;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.KvSource;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.Queued;
import dev.baton.protocol.v1.Timing;
import dev.baton.protocol.v1.TokenFrame;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.worker.Restored.Rung;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Gathers what one engine step has for each gateway, and sends it as one frame when the step ends. Steps are gathered on
 * the engine's thread alone; {@link #sendNow} waits for no step.
 */
public final class StepFrameBatcher {
    private final InstantSource clock;
    private final TokenStreamServer streams;
    private final Map<GatewayRef, TokenFrame.Builder> step = new HashMap<>();

    StepFrameBatcher(InstantSource clock, TokenStreamServer streams) {
        this.clock = clock;
        this.streams = streams;
    }

    /** Engine thread: goes out at the end of the step. */
    public void add(GatewayRef gateway, Progress progress) {
        step.computeIfAbsent(gateway, absent -> TokenFrame.newBuilder()).addProgress(progress);
    }

    /** Any thread: goes out at once, in a frame of its own. */
    public void sendNow(GatewayRef gateway, Progress progress) {
        sendNow(gateway, List.of(progress));
    }

    void sendNow(GatewayRef gateway, List<Progress> progress) {
        streams.send(
                gateway,
                TokenFrame.newBuilder()
                        .addAllProgress(progress)
                        .setMadeUs(micros())
                        .build());
    }

    /** Another worker goes on with the attempt. Any thread. */
    public void handedOver(AttemptKey key) {
        streams.handedOver(key.requestId(), key.toAttempt());
    }

    void flush() {
        if (step.isEmpty()) {
            return;
        }
        long now = micros();
        step.forEach(
                (gateway, frame) -> streams.send(gateway, frame.setMadeUs(now).build()));
        step.clear();
    }

    /** The time, as timings tell it. */
    Instant now() {
        return clock.instant();
    }

    /** Microseconds since the epoch. */
    public long micros() {
        return micros(clock.instant());
    }

    /** Microseconds since the epoch. */
    public static long micros(Instant instant) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
    }

    /**
     * Hears of each engine step, on the engine's thread: when it has ended its frames go out and its meters are counted.
     * Cached blocks and the engine's death are passed on.
     */
    static final class StepListener implements EngineListener {
        private final StepFrameBatcher frames;
        private final WorkerMetrics metrics;
        private final Consumer<Throwable> whenDead;
        private volatile @Nullable PrefixAdvertiser advertiser;
        private volatile Runnable whenRoomChanges = () -> {};

        StepListener(StepFrameBatcher frames, WorkerMetrics metrics, Consumer<Throwable> whenDead) {
            this.frames = frames;
            this.metrics = metrics;
            this.whenDead = whenDead;
        }

        @Override
        public void stepEnded(StepReport report) {
            frames.flush();
            metrics.step(report);
        }

        /** From now on cached blocks are listed in the directory. The fingerprint that names them is known once the model is open. */
        void advertise(PrefixAdvertiser prefixes) {
            advertiser = prefixes;
        }

        /** From now on called whenever the engine's room may have changed: must return at once. */
        void whenRoomChanges(Runnable then) {
            whenRoomChanges = then;
        }

        @Override
        public void roomChanged() {
            whenRoomChanges.run();
        }

        @Override
        public void cached(List<BlockHash> chain) {
            PrefixAdvertiser prefixes = advertiser;
            if (prefixes != null) {
                prefixes.cached(chain);
            }
        }

        @Override
        public void evicted(List<BlockHash> names) {
            PrefixAdvertiser prefixes = advertiser;
            if (prefixes != null) {
                prefixes.evicted(names);
            }
        }

        @Override
        public void dropped(int blocks) {
            metrics.dropped(blocks);
        }

        @Override
        public void died(Throwable cause) {
            whenDead.accept(cause);
        }
    }

    /** Makes the progress messages of one attempt. Immutable. */
    public static final class ProgressMessages {
        private final Generation generation;

        public ProgressMessages(Generation generation) {
            this.generation = generation;
        }

        /** The gateway that owns the request. */
        public GatewayRef gateway() {
            return generation.getOwner();
        }

        /** Accepted tokens that the attempt began with: index of the first token that it makes. */
        public int base() {
            return generation.getAcceptedCount();
        }

        /** A worker works on it; no token yet. */
        public Progress claimed(Timing timing) {
            return at(base()).setTiming(timing).build();
        }

        /**
         * What is missing of its known tokens is computed from now on. Of an attempt that follows another the gateway hears
         * where the KV came from.
         *
         * @param restored what was found elsewhere; null when nothing was looked for
         * @param inPlace known tokens whose KV is there
         */
        public Progress started(Timing timing, @Nullable Restored restored, int inPlace) {
            Progress.Builder started = at(base()).setTiming(timing);
            if (generation.getAttempt().getNumber() > 1) {
                Rung rung = restored == null ? Rung.of(0, 0, inPlace) : restored.rung();
                started.setKvSource(KvSource.newBuilder()
                        .setRung(rung.wire())
                        .setTokens(KnownTokens.count(generation))
                        .setFound(inPlace));
            }
            return started.build();
        }

        /**
         * It waits.
         *
         * @param moves grows as long as the engine works
         */
        public Progress queued(int ahead, long moves) {
            return at(base())
                    .setQueued(Queued.newBuilder().setAhead(ahead).setMoves(moves))
                    .build();
        }

        /** So many of its known tokens are computed. */
        public Progress computed(int tokens) {
            return at(base()).setComputedTokens(tokens).build();
        }

        public Progress.Builder token(int index, int token, @Nullable TokenLogprob logprob) {
            Progress.Builder progress = at(index).addTokens(token);
            if (logprob != null) {
                progress.addLogprobs(logprob);
            }
            return progress;
        }

        /** @param next index after the last token made */
        public Progress finished(int next, Finish.Reason reason) {
            return at(next).setFinish(Finish.newBuilder().setReason(reason)).build();
        }

        public Progress failed(int next, Failure failure) {
            return at(next).setFailure(failure).build();
        }

        private Progress.Builder at(int index) {
            return Progress.newBuilder()
                    .setRequestId(generation.getRequestId())
                    .setAttempt(generation.getAttempt())
                    .setFirstIndex(index);
        }
    }
}
