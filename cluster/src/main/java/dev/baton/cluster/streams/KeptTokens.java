package dev.baton.cluster.streams;

import dev.baton.protocol.v1.Acknowledge;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.Resume;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tokens of each attempt that its gateway has not acknowledged. A gateway reaches only its own attempts. Owned by the
 * server's thread.
 */
final class KeptTokens {
    private final int most;
    private final Map<String, ReplayBuffer> byRequest = new HashMap<>();
    /** Requests of which no more is to come, in the order in which they ended: the first to go. */
    private final LinkedHashSet<String> ended = new LinkedHashSet<>();

    private final HandedOver elsewhere;
    private final List<Orphan> replaced = new ArrayList<>();

    /** @param most requests above which the oldest finished one goes for each new one */
    KeptTokens(int most) {
        this.most = most;
        this.elsewhere = new HandedOver(most);
    }

    int count() {
        return byRequest.size();
    }

    /** Attempts that other workers go on with, and whose gateways have not said that they have ended. */
    int handedOver() {
        return elsewhere.count();
    }

    /** Keeps a report of the engine. False when a newer attempt has taken its place: it is not to be sent. */
    boolean keep(GatewayRef owner, Progress progress, long now) {
        String id = progress.getRequestId();
        Attempt attempt = progress.getAttempt();
        ReplayBuffer of = byRequest.get(id);
        if (of != null && of.attempt().getNumber() > attempt.getNumber()) {
            return false;
        }
        if (of == null || !of.attempt().equals(attempt)) {
            if (of != null && !of.over()) {
                replaced.add(new Orphan(id, of.attempt(), of.gateway()));
            }
            of = new ReplayBuffer(attempt, owner);
            byRequest.put(id, of);
            ended.remove(id);
            makeRoom();
        }
        of.add(progress);
        of.touch(now);
        if (of.ended()) {
            ended.add(id);
        }
        return true;
    }

    /**
     * No more of this attempt is to come from here: another worker goes on with it. Its tokens stay for a while, since the
     * gateway may have to ask for them before it has heard of the other.
     */
    void handedOver(String requestId, Attempt attempt, long now) {
        ReplayBuffer of = byRequest.get(requestId);
        if (of != null && of.attempt().equals(attempt)) {
            of.handedOver();
            of.touch(now);
            ended.add(requestId);
            elsewhere.add(new Orphan(requestId, attempt, of.gateway()), now).ifPresent(replaced::add);
        }
    }

    /** All from an index on, or the failure UNKNOWN_REQUEST. */
    List<Progress> resume(GatewayRef by, Resume resume, long now) {
        ReplayBuffer of = byRequest.get(resume.getRequestId());
        if (of == null || !of.belongsTo(by, resume.getAttempt()) || !of.reachesBackTo(resume.getNextIndex())) {
            return List.of(Progress.newBuilder()
                    .setRequestId(resume.getRequestId())
                    .setAttempt(resume.getAttempt())
                    .setFirstIndex(resume.getNextIndex())
                    .setFailure(Failure.newBuilder()
                            .setCode(Failure.Code.UNKNOWN_REQUEST)
                            .setMessage("this worker keeps no such tokens"))
                    .build());
        }
        of.touch(now);
        return of.from(resume.getRequestId(), resume.getNextIndex());
    }

    void acknowledge(GatewayRef by, Acknowledge acknowledge, long now) {
        ReplayBuffer of = byRequest.get(acknowledge.getRequestId());
        if (of != null && of.belongsTo(by, acknowledge.getAttempt())) {
            of.touch(now);
            if (of.acknowledge(acknowledge.getNextIndex())) {
                drop(acknowledge.getRequestId());
            }
        }
    }

    /** Forgets an attempt that its gateway gives up. False when it is another gateway's: it goes on. */
    boolean cancel(GatewayRef by, String requestId, Attempt attempt) {
        elsewhere.end(by, requestId, attempt);
        ReplayBuffer of = byRequest.get(requestId);
        if (of == null || !of.attempt().equals(attempt)) {
            return true; // Not begun, or forgotten: only its owner knows the attempt's nonce.
        }
        if (!of.belongsTo(by, attempt)) {
            return false;
        }
        drop(requestId);
        return true;
    }

    /** An attempt and who asked for it: one that nobody ends when its gateway does not come back. */
    record Orphan(String requestId, Attempt attempt, GatewayRef gateway) {}

    /**
     * Drops what has waited since {@code before}; returns attempts that still run, here or where they were handed over to, whose
     * gateways stay away.
     */
    List<Orphan> expire(GatewaySessions gateways, long before, long now) {
        List<String> old = new ArrayList<>();
        List<Orphan> orphans = new ArrayList<>(elsewhere.orphans(gateways, before, now));
        byRequest.forEach((id, of) -> {
            if (of.over()) {
                if (of.touched() - before < 0) {
                    old.add(id);
                }
            } else if (gateways.away(of.gateway(), before, now)) {
                old.add(id);
                orphans.add(new Orphan(id, of.attempt(), of.gateway()));
            }
        });
        old.forEach(this::drop);
        return orphans;
    }

    /**
     * Takes out the attempts that still ran when a later one of their request came. A gateway cancels those that it gives up,
     * but it may be gone, with its last words unheard: nobody else would end them.
     */
    List<Orphan> takeReplaced() {
        List<Orphan> all = List.copyOf(replaced);
        replaced.clear();
        return all;
    }

    /** The gateways that something is kept for. */
    Set<GatewayRef> gateways() {
        Set<GatewayRef> all = new HashSet<>();
        byRequest.values().forEach(of -> all.add(of.gateway()));
        elsewhere.addGatewaysTo(all);
        return all;
    }

    private void makeRoom() {
        Iterator<String> oldest = ended.iterator();
        while (byRequest.size() > most && oldest.hasNext()) {
            byRequest.remove(oldest.next());
            oldest.remove();
        }
    }

    private void drop(String requestId) {
        byRequest.remove(requestId);
        ended.remove(requestId);
    }

    /** What one attempt has produced and its gateway has not acknowledged. Owned by the server's thread. */
    private static final class ReplayBuffer {
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
}
