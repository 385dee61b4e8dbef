package dev.baton.cluster.streams;

import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Progress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** What one attempt has produced and its gateway has not acknowledged. Owned by the server's thread. */
final class ReplayBuffer {
    private final Attempt attempt;
    private final GatewayRef gateway;
    private final Deque<Progress> unacknowledged = new ArrayDeque<>();
    private int nextIndex;
    private int acknowledged;
    private boolean ended;
    private boolean handedOver;
    private long touched;

    ReplayBuffer(Attempt attempt, GatewayRef gateway) {
        this.attempt = attempt;
        this.gateway = gateway;
    }

    Attempt attempt() {
        return attempt;
    }

    GatewayRef gateway() {
        return gateway;
    }

    boolean belongsTo(GatewayRef by, Attempt asked) {
        return gateway.equals(by) && attempt.equals(asked);
    }

    /** Another worker goes on with the attempt. */
    void handedOver() {
        handedOver = true;
    }

    /** It has said how the attempt ended. */
    boolean ended() {
        return ended;
    }

    /** No more is to come. */
    boolean over() {
        return ended || handedOver;
    }

    /** {@link System#nanoTime} of the last news, from the engine or from the gateway. */
    long touched() {
        return touched;
    }

    void touch(long now) {
        touched = now;
    }

    void add(Progress progress) {
        unacknowledged.add(progress);
        nextIndex = Math.max(nextIndex, after(progress));
        ended |= ends(progress);
    }

    /** Everything below {@code index} may go. True when nothing is left to keep. */
    boolean acknowledge(int index) {
        acknowledged = Math.max(acknowledged, index);
        while (!unacknowledged.isEmpty()
                && after(unacknowledged.peek()) <= acknowledged
                && !ends(unacknowledged.peek())) {
            unacknowledged.poll();
        }
        return ended && acknowledged >= nextIndex;
    }

    /** Whether all tokens from {@code index} on are still here. */
    boolean reachesBackTo(int index) {
        return index >= acknowledged;
    }

    /** All from {@code index} on; with nothing to say, a message without tokens, which says that the attempt lives. */
    List<Progress> from(String requestId, int index) {
        List<Progress> rest = new ArrayList<>();
        for (Progress progress : unacknowledged) {
            if (after(progress) > index || ends(progress)) {
                rest.add(progress);
            }
        }
        if (rest.isEmpty()) {
            rest.add(Progress.newBuilder()
                    .setRequestId(requestId)
                    .setAttempt(attempt)
                    .setFirstIndex(nextIndex)
                    .build());
        }
        return rest;
    }

    private static int after(Progress progress) {
        return progress.getFirstIndex() + progress.getTokensCount();
    }

    private static boolean ends(Progress progress) {
        return progress.getEndCase() != Progress.EndCase.END_NOT_SET;
    }
}
