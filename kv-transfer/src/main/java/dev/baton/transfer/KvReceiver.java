package dev.baton.transfer;

import dev.baton.kv.KvDigester;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.protocol.v1.Failure;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.Handshake;
import dev.baton.transfer.session.TimeSource;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The decode side: fetches KV into reserved blocks, over one session per sender that is opened when first needed. */
public final class KvReceiver implements AutoCloseable {
    private static final Logger LOG = System.getLogger(KvReceiver.class.getName());
    private static final Duration JOIN = Duration.ofSeconds(5);

    private final SharedPool pool;
    private final TransferSettings settings;
    private final TransferListener listener;
    private final TimeSource time;
    private final Handshake handshake;
    private final @Nullable KvDigester digester;
    private final DeadlineTicker watch;
    private final Map<PeerAddress, ReceiverSession> sessions = new HashMap<>();
    private boolean closed;

    /** The pool stays the caller's and must be closed after the receiver. */
    public KvReceiver(SharedPool pool, TransferSettings settings, TransferListener listener, TimeSource time) {
        this.pool = pool;
        this.settings = settings;
        this.listener = listener;
        this.time = time;
        this.handshake =
                new Handshake(pool, settings.secret(), settings.machine(), settings.transport(), settings.digests());
        this.digester = settings.digests() ? new KvDigester(pool.identity().layout()) : null;
        this.watch = new DeadlineTicker("kv-receive-watch", settings.limits(), this::tick);
        watch.start();
    }

    /** Asks for the KV of a request. Never blocks, never throws for what a peer does: see the futures. */
    public IncomingTransfer fetch(TicketRequest request) {
        KvLayout layout = pool.identity().layout();
        int needed = layout.blocksFor(request.tokens());
        int[] blocks = request.blocks();
        if (blocks.length > needed
                || Arrays.stream(blocks).anyMatch(block -> block < 0 || block >= layout.blocks())
                || Arrays.stream(blocks).distinct().count() != blocks.length) {
            throw new IllegalArgumentException("%d tokens are in at most %d distinct blocks of the pool, not %s"
                    .formatted(request.tokens(), needed, Arrays.toString(blocks)));
        }
        IncomingTransfer inbound = new IncomingTransfer(
                request, layout, time.nanos() + request.timeout().toNanos());
        var unused = inbound.completion().thenAccept(this::report);
        PeerAddress address = new PeerAddress(request.source(), request.host(), request.port());
        synchronized (sessions) {
            ReceiverSession session = sessions.get(address);
            if (closed) {
                inbound.fail(Failures.of(Failure.Code.SHUTTING_DOWN, "this worker is shutting down"), false);
            } else if (session != null
                    && session.openTickets() >= settings.limits().tickets()) {
                inbound.fail(
                        Failures.of(
                                Failure.Code.NO_CAPACITY,
                                "%d tickets are open with %s".formatted(session.openTickets(), address)),
                        false);
            } else if (session == null || !session.submit(inbound)) {
                open(address, inbound);
            }
        }
        return inbound;
    }

    private void open(PeerAddress address, IncomingTransfer inbound) {
        if (sessions.size() >= settings.limits().sessions()) {
            inbound.fail(
                    Failures.of(Failure.Code.NO_CAPACITY, "%d KV sessions are open".formatted(sessions.size())), false);
            return;
        }
        ReceiverSession session = new ReceiverSession(this, address);
        session.submit(inbound);
        sessions.put(address, session);
        session.start();
    }

    private void report(ReceiveOutcome outcome) {
        switch (outcome) {
            case ReceiveOutcome.Arrived arrived ->
                listener.received(arrived.transport(), arrived.bytes(), arrived.duration());
            case ReceiveOutcome.Failed(Failure failure) -> listener.failed(failure);
        }
    }

    void forget(PeerAddress address, ReceiverSession session) {
        synchronized (sessions) {
            sessions.remove(address, session);
        }
    }

    private void tick() {
        long now = time.nanos();
        snapshot().forEach(session -> session.tick(now));
    }

    private List<ReceiverSession> snapshot() {
        synchronized (sessions) {
            return List.copyOf(sessions.values());
        }
    }

    /** Bytes in flight: at least two layer-blocks, so that a small setting slows but never stalls. */
    long creditWindow() {
        KvLayout layout = pool.identity().layout();
        long largest = IntStream.range(0, layout.layers())
                .mapToLong(layout::layerBlockBytes)
                .max()
                .orElseThrow();
        return Math.max(settings.limits().creditBytes(), 2 * largest);
    }

    KvRegion region() {
        return pool.region();
    }

    Path folder() {
        return Objects.requireNonNull(pool.path().getParent());
    }

    /** Null when blocks come without digests. */
    @Nullable
    KvDigester digester() {
        return digester;
    }

    Handshake handshake() {
        return handshake;
    }

    TransferSettings settings() {
        return settings;
    }

    TransferListener listener() {
        return listener;
    }

    TimeSource time() {
        return time;
    }

    /** Ends all sessions, fails what is open with SHUTTING_DOWN; afterwards nothing here touches the pool. */
    @Override
    public void close() throws InterruptedException {
        List<ReceiverSession> open;
        synchronized (sessions) {
            closed = true;
            open = snapshot();
        }
        watch.close();
        for (ReceiverSession session : open) {
            session.close(Failures.of(Failure.Code.SHUTTING_DOWN, "this worker is shutting down"));
            if (!session.join(JOIN)) {
                LOG.log(Level.WARNING, "a KV session did not end within {0}", JOIN);
            }
        }
    }
}
