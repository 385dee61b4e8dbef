package dev.baton.worker;

import dev.baton.explorer.Oracle;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.KnownTokens;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Handoff;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A request on a decode worker, as {@code DecodeSequence} has it. */
final class VirtualDecode extends VirtualSequence {
    private final Handoff handoff;
    private int next;
    private boolean waitsForKv = true;

    VirtualDecode(Parts parts, Handoff handoff, Consumer<AttemptKey> whenEnded) {
        super(parts, handoff.getGeneration(), whenEnded);
        this.handoff = handoff;
        this.next = progress.base();
    }

    @Override
    public void starts() {
        if (isOver()) {
            return;
        }
        if (handoff.hasTicket()) {
            parts.kv()
                    .fetch(
                            parts.life(),
                            handoff.getTicket().getSource(),
                            key,
                            token -> parts.engine().thread().execute(() -> arrived(token)));
        } else if (generation.getAcceptedCount() > 0 || handoff.getCompute().getHoldersCount() > 0) {
            int known = KnownTokens.count(generation);
            // What a dead worker, or a peer, holds is found or not.
            int found = parts.life().random().nextInt(3) > 0 ? known - 1 : 0;
            parts.engine().thread().after(2_000_000L, () -> goOn(found));
        } else {
            goOn(0);
        }
    }

    private void goOn(int found) {
        if (isOver()) {
            return;
        }
        int known = KnownTokens.count(generation);
        int most = handoff.getCompute().getMostTokens();
        if (most > 0 && known - found > most) {
            fails(failure(Failure.Code.KV_NOT_FOUND, found + " of " + known + " was found"));
            return;
        }
        missing = known - found;
        waitsForKv = false;
        frames().sendNow(
                        progress.gateway(),
                        progress.started(
                                timing().setComputeStartedUs(frames().micros()).build(), null, found));
    }

    private void arrived(@Nullable Integer firstToken) {
        if (isOver()) {
            return;
        }
        if (firstToken == null) {
            fails(failure(Failure.Code.TRANSFER_FAILED, "its KV does not come"));
            return;
        }
        state = Oracle.after(state, firstToken);
        next = progress.base() + 1;
        waitsForKv = false;
        Finish.Reason end = ends(firstToken, progress.base());
        if (end != null) {
            finishes(end);
            return;
        }
        frames().add(
                        progress.gateway(),
                        progress.claimed(
                                timing().setDecodeStartedUs(frames().micros()).build()));
    }

    @Override
    public boolean step() {
        if (isOver()) {
            return true;
        }
        if (late()) {
            fails(failure(Failure.Code.DEADLINE_EXCEEDED, "its deadline has passed"));
            return true;
        }
        if (waitsForKv) {
            return false;
        }
        if (!handoff.hasTicket() && wholeAlready()) {
            finishes(next >= most() ? Finish.Reason.LENGTH : Finish.Reason.STOP);
            return true;
        }
        if (missing > 0 && chunk()) {
            return false;
        }
        int token = token();
        frames().add(progress.gateway(), progress.token(next, token, null).build());
        next++;
        Finish.Reason end = ends(token, next - 1);
        if (end != null) {
            finishes(end);
        }
        return end != null;
    }

    private void finishes(Finish.Reason reason) {
        if (over()) {
            whenEnded.accept(key);
            frames().add(progress.gateway(), progress.finished(next, reason));
            parts.engine().end(this);
        }
    }

    @Override
    void fails(Failure failure) {
        if (over()) {
            whenEnded.accept(key);
            frames().add(progress.gateway(), progress.failed(next, failure));
            parts.kv().forget(key, parts.life());
            parts.engine().end(this);
        }
    }
}
