package dev.baton.worker;

import dev.baton.explorer.KvModel;
import dev.baton.explorer.Life;
import dev.baton.explorer.Oracle;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.KnownTokens;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Timing;
import dev.baton.worker.StepFrameBatcher.ProgressMessages;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the sequences of both roles have in common: they speak as these do, and compute by the oracle. */
abstract class VirtualSequence implements VirtualEngine.Run, ActiveAttempts.Task {
    static final int CHUNK = 128;

    /**
     * The parts of a worker.
     *
     * @param exact it computes what all others would
     */
    record Parts(
            Life life,
            WorkerIdentity self,
            Claims claims,
            StepFrameBatcher frames,
            VirtualEngine engine,
            KvModel kv,
            boolean exact) {}

    final Parts parts;
    final Generation generation;
    final ProgressMessages progress;
    final AttemptKey key;
    final Consumer<AttemptKey> whenEnded;
    long state;
    int missing;
    private boolean over;

    VirtualSequence(Parts parts, Generation generation, Consumer<AttemptKey> whenEnded) {
        this.parts = parts;
        this.generation = parts.claims().here(generation);
        this.progress = new ProgressMessages(generation);
        this.key = AttemptKey.of(generation);
        this.whenEnded = whenEnded;
        this.state = 17;
        for (int token : KnownTokens.of(generation)) {
            state = Oracle.after(state, token);
        }
    }

    StepFrameBatcher frames() {
        return parts.frames();
    }

    Timing.Builder timing() {
        return Timing.newBuilder().setClaimedUs(frames().micros());
    }

    @Override
    public void begin() {
        frames().sendNow(progress.gateway(), progress.claimed(timing().build()));
        parts.engine().admit(this);
    }

    @Override
    public void waits(int ahead) {
        frames().add(
                        progress.gateway(),
                        progress.queued(ahead, parts.engine().load().turns()));
    }

    /** Of who computes it. */
    private long salt() {
        return parts.exact()
                ? 0
                : 1
                        + generation.getAttempt().getNumber() * 8L
                        + Math.floorMod(parts.self().id().hashCode(), 8);
    }

    int token() {
        int token = Oracle.next(state, salt());
        state = Oracle.after(state, token);
        return token;
    }

    /** What the tokens known so far say: all of the answer. */
    boolean wholeAlready() {
        int accepted = generation.getAcceptedCount();
        return accepted > 0 && (Oracle.stops(generation.getAccepted(accepted - 1)) || accepted >= most());
    }

    int most() {
        return generation.getStopping().getMaxTokens();
    }

    /** Why it ends after the token at {@code index}; null: it goes on. */
    Finish.@Nullable Reason ends(int token, int index) {
        if (Oracle.stops(token)) {
            return Finish.Reason.STOP;
        }
        return index + 1 >= most() ? Finish.Reason.LENGTH : null;
    }

    boolean late() {
        return parts.life().clock().instant().toEpochMilli() > generation.getDeadlineMs();
    }

    /** Once, on the engine's thread. */
    boolean over() {
        boolean first = !over;
        over = true;
        return first;
    }

    boolean isOver() {
        return over;
    }

    static Failure failure(Failure.Code code, String why) {
        return Failure.newBuilder().setCode(code).setMessage(why).build();
    }

    /** On the engine's thread. */
    abstract void fails(Failure failure);

    @Override
    public void cancel() {
        parts.engine().thread().execute(() -> fails(WorkerContext.CANCELLED));
    }

    /** A chunk of what is missing. False once nothing is. */
    boolean chunk() {
        missing -= CHUNK;
        if (missing > 0) {
            frames().add(progress.gateway(), progress.computed(KnownTokens.count(generation) - missing));
        }
        return missing > 0;
    }
}
