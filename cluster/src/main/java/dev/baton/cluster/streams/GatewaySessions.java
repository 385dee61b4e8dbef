package dev.baton.cluster.streams;

import dev.baton.cluster.streams.StreamHandshake.StreamRefusal;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.WorkerMessage;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gateways of a worker: those attached, those that left, and those that a newer life of their id has replaced. One
 * life of an id is attached at a time. While it is heard another one is refused; once it is silent or gone, the next to
 * come replaces it for good. Owned by the server's thread, but {@link #attached} is for any.
 */
final class GatewaySessions {
    /** Replaced lives that are remembered: one that has slept longer than so many restarts is let in again. */
    private static final int REMEMBERED = 1_024;

    private static final Logger LOG = LoggerFactory.getLogger(GatewaySessions.class);

    private final Duration heardWithin;
    private volatile boolean drained;
    private final Map<String, Session> byId = new ConcurrentHashMap<>();
    /** How far this worker's clock is ahead of each gateway's, microseconds: known from its first ping on. */
    private final Map<GatewayRef, Long> skews = new ConcurrentHashMap<>();
    /** When each life that left was last heard, by {@link System#nanoTime}. */
    private final Map<GatewayRef, Long> leftAt = new HashMap<>();

    private final LinkedHashMap<GatewayRef, Boolean> replaced = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<GatewayRef, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    };

    /** @param heardWithin a gateway that has sent nothing for this long is silent; it pings more often */
    GatewaySessions(Duration heardWithin) {
        this.heardWithin = heardWithin;
    }

    /** An operator of that gateway wants this worker to take nothing new, or to take work again. */
    void drain(GatewayRef by, boolean wanted) {
        if (drained != wanted) {
            drained = wanted;
            LOG.info("An operator of gateway {} {}", by.getId(), wanted ? "drains this worker" : "ends the drain");
        }
    }

    /** The last such wish. Any thread. */
    boolean drained() {
        return drained;
    }

    /** Why this life is not let in now; empty when it is. */
    Optional<StreamRefusal> refusal(GatewayRef gateway, long now) {
        if (replaced.containsKey(gateway)) {
            return Optional.of(new StreamRefusal(
                    StreamRefusal.Reason.REPLACED,
                    "a newer life of gateway %s has taken the place of this one".formatted(gateway.getId())));
        }
        Session other = byId.get(gateway.getId());
        if (other != null && !other.gateway().equals(gateway) && now - other.heardAt() <= heardWithin.toNanos()) {
            return Optional.of(new StreamRefusal(
                    StreamRefusal.Reason.DUPLICATE,
                    "another gateway with the id %s is attached and alive: give each its own baton.gateway.id"
                            .formatted(gateway.getId())));
        }
        return Optional.empty();
    }

    /** Lets a life in. The session whose place it takes, of an older life or of its own, is the caller's to close. */
    @Nullable
    Session enter(Session session) {
        GatewayRef gateway = session.gateway();
        Session before = byId.put(gateway.getId(), session);
        if (before != null && !before.gateway().equals(gateway)) {
            skews.remove(before.gateway());
            replaced.put(before.gateway(), true);
        }
        leftAt.keySet().removeIf(left -> {
            boolean older = left.getId().equals(gateway.getId()) && !left.equals(gateway);
            if (older) {
                replaced.put(left, true);
            }
            return older || left.equals(gateway);
        });
        return before;
    }

    /**
     * A ping came. True when it is the first of this life's stream.
     *
     * @param aheadUs this worker's clock less the gateway's; the time on the way is in it, so the least is the best
     */
    boolean pinged(Session session, long aheadUs) {
        if (!session.equals(byId.get(session.gateway().getId()))) {
            return false;
        }
        skews.merge(session.gateway(), aheadUs, Math::min);
        return session.firstPing();
    }

    /** Any thread: how far this worker's clock is ahead of an attached gateway's; empty when it is not attached. */
    OptionalLong aheadUs(GatewayRef gateway) {
        Long ahead = skews.get(gateway);
        return ahead == null ? OptionalLong.empty() : OptionalLong.of(ahead);
    }

    /** False when the session had been replaced before. */
    boolean left(Session session) {
        GatewayRef gateway = session.gateway();
        if (!byId.remove(gateway.getId(), session)) {
            return false;
        }
        skews.remove(gateway);
        leftAt.put(gateway, session.heardAt());
        return true;
    }

    /** Any thread: whether this life has a stream here on which it was heard. */
    boolean attached(GatewayRef gateway) {
        return skews.containsKey(gateway);
    }

    /** Whether a newer life of its id has come. */
    boolean replaced(GatewayRef gateway) {
        return replaced.containsKey(gateway);
    }

    @Nullable
    Session of(GatewayRef gateway) {
        Session session = byId.get(gateway.getId());
        return session != null && session.gateway().equals(gateway) ? session : null;
    }

    @Nullable
    Session of(ServerCallStreamObserver<WorkerMessage> call) {
        for (Session session : byId.values()) {
            if (session.is(call)) {
                return session;
            }
        }
        return null;
    }

    /** Those that have said nothing since {@code before}. */
    List<Session> silentSince(long before) {
        List<Session> silent = new ArrayList<>();
        for (Session session : byId.values()) {
            if (session.heardAt() - before < 0) {
                silent.add(session);
            }
        }
        return silent;
    }

    /** Whether a gateway is not attached and has not been for long. One never seen counts from the first question. */
    boolean away(GatewayRef gateway, long before, long now) {
        if (of(gateway) != null) {
            return false;
        }
        return replaced(gateway) || leftAt.computeIfAbsent(gateway, absent -> now) - before < 0;
    }

    /** Forgets when those left that were last heard before {@code before}, but for those that still matter. */
    void forget(long before, Set<GatewayRef> wanted) {
        leftAt.entrySet().removeIf(left -> left.getValue() - before < 0 && !wanted.contains(left.getKey()));
    }

    Collection<Session> all() {
        return byId.values();
    }

    /** Any thread. */
    int count() {
        return byId.size();
    }

    void clear() {
        byId.clear();
        skews.clear();
    }

    /** One gateway's open stream, as the worker sees it. Owned by the server's thread. */
    static final class Session {
        private final GatewayRef gateway;
        private final ServerCallStreamObserver<WorkerMessage> out;
        private final long maxUnsent;
        private final Deque<WorkerMessage> unsent = new ArrayDeque<>();
        private long unsentBytes;
        private long heardAt;
        private boolean pinged;

        Session(GatewayRef gateway, ServerCallStreamObserver<WorkerMessage> out, long maxUnsent, long now) {
            this.gateway = gateway;
            this.out = out;
            this.maxUnsent = maxUnsent;
            this.heardAt = now;
        }

        GatewayRef gateway() {
            return gateway;
        }

        boolean is(ServerCallStreamObserver<WorkerMessage> call) {
            return out == call;
        }

        /** A message came, at {@link System#nanoTime} {@code now}. */
        void heard(long now) {
            heardAt = now;
        }

        /** True once. */
        boolean firstPing() {
            boolean first = !pinged;
            pinged = true;
            return first;
        }

        /** {@link System#nanoTime} of the last message. */
        long heardAt() {
            return heardAt;
        }

        long unsentBytes() {
            return unsentBytes;
        }

        /** Sends now when the connection takes it, else once it does. False when too much waits: the stream is stuck. */
        boolean send(WorkerMessage message) {
            unsent.add(message);
            unsentBytes += message.getSerializedSize();
            drain();
            return unsentBytes <= maxUnsent;
        }

        void drain() {
            while (!unsent.isEmpty() && out.isReady() && !out.isCancelled()) {
                WorkerMessage message = unsent.remove();
                unsentBytes -= message.getSerializedSize();
                out.onNext(message);
            }
        }

        void close(Status status) {
            unsent.clear();
            unsentBytes = 0;
            try {
                if (!out.isCancelled()) {
                    out.onError(status.asException());
                }
            } catch (IllegalStateException | StatusRuntimeException e) {
                // The call has ended meanwhile: that is what was asked for.
            }
        }
    }
}
