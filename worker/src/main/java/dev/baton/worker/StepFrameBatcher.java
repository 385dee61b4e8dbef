package dev.baton.worker;

import dev.baton.cluster.streams.TokenStreamServer;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.Timing;
import dev.baton.protocol.v1.TokenFrame;
import dev.baton.protocol.v1.TokenLogprob;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gathers what one engine step has for each gateway, and sends it as one frame when the step ends. Steps are gathered on
 * the engine's thread alone; {@link #sendNow} is for the other threads.
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

    /** Any other thread: goes out at once, in a frame of its own. */
    public void sendNow(GatewayRef gateway, Progress progress) {
        streams.send(
                gateway,
                TokenFrame.newBuilder()
                        .addProgress(progress)
                        .setMadeUs(micros())
                        .build());
    }

    /** Another worker goes on with the attempt. Any thread. */
    public void handedOver(AttemptKey key) {
        streams.handedOver(key.requestId(), key.toAttempt());
    }

    /** Engine thread: the step has ended. */
    void flush() {
        if (step.isEmpty()) {
            return;
        }
        long now = micros();
        step.forEach(
                (gateway, frame) -> streams.send(gateway, frame.setMadeUs(now).build()));
        step.clear();
    }

    /** Microseconds since the epoch. */
    public long micros() {
        return micros(clock.instant());
    }

    /** Microseconds since the epoch. */
    public static long micros(Instant instant) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, instant);
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
