package dev.baton.worker;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.Timing;
import dev.baton.protocol.v1.TokenLogprob;
import org.jspecify.annotations.Nullable;

/** Makes the progress messages of one attempt. Immutable. */
public final class ProgressMessages {
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
