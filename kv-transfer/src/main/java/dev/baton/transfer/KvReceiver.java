package dev.baton.transfer;

import dev.baton.kv.KvLayout;
import dev.baton.protocol.v1.Failure;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The fetching half of an exchange: brings KV into reserved blocks, over one session per peer that is opened when first needed. */
final class KvReceiver implements AutoCloseable {
    private static final Logger LOG = System.getLogger(KvReceiver.class.getName());
    private static final Duration JOIN = Duration.ofSeconds(5);

    private final SessionContext context;
    private final DeadlineTicker watch;
    private final Map<PeerAddress, ReceiverSession> sessions = new HashMap<>();
    private boolean closed;

    KvReceiver(SessionContext context) {
        this.context = context;
        this.watch = new DeadlineTicker("kv-receive-watch", context.settings().limits(), this::tick);
        watch.start();
    }

    /** Asks for the KV of a request. Never blocks, never throws for what a peer does: see the futures. */
    IncomingTransfer fetch(KvRequest request) {
        KvLayout layout = context.layout();
        int most = switch (request) {
            case TicketRequest ticket -> layout.blocksFor(ticket.tokens());
            case FetchRequest named -> named.names().size();
        };
        int[] blocks = request.blocks();
        if (blocks.length > most
                || Arrays.stream(blocks).anyMatch(block -> block < 0 || block >= layout.blocks())
                || Arrays.stream(blocks).distinct().count() != blocks.length) {
            throw new IllegalArgumentException(
                    "KV is in at most %d distinct blocks of the pool, not %s".formatted(most, Arrays.toString(blocks)));
        }
        IncomingTransfer inbound = new IncomingTransfer(
                request, layout, context.time().nanos() + request.timeout().toNanos());
        var unused = inbound.completion().thenAccept(this::report);
        PeerAddress address = request.source();
        synchronized (sessions) {
            ReceiverSession session = sessions.get(address);
            if (closed) {
                inbound.fail(Failures.of(Failure.Code.SHUTTING_DOWN, "this worker is shutting down"), false);
            } else if (session != null
                    && session.openTickets() >= context.settings().limits().tickets()) {
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
        if (sessions.size() >= context.settings().limits().sessions()) {
            inbound.fail(
                    Failures.of(Failure.Code.NO_CAPACITY, "%d KV sessions are open".formatted(sessions.size())), false);
            return;
        }
        ReceiverSession session = new ReceiverSession(context, address, this::forget);
        session.submit(inbound);
        sessions.put(address, session);
        session.start();
        watch.wake();
    }

    private void report(ReceiveOutcome outcome) {
        switch (outcome) {
            case ReceiveOutcome.Arrived arrived ->
                context.listener().received(arrived.transport(), arrived.bytes(), arrived.duration());
            case ReceiveOutcome.Found found -> {
                if (found.blocks() > 0) {
                    context.listener().received(found.transport(), found.bytes(), found.duration());
                }
            }
            case ReceiveOutcome.Failed(Failure failure) -> context.listener().failed(failure);
        }
    }

    private void forget(PeerAddress address, ReceiverSession session) {
        synchronized (sessions) {
            sessions.remove(address, session);
        }
    }

    private boolean tick() {
        long now = context.time().nanos();
        List<ReceiverSession> open = snapshot();
        open.forEach(session -> session.tick(now));
        return !open.isEmpty();
    }

    private List<ReceiverSession> snapshot() {
        synchronized (sessions) {
            return List.copyOf(sessions.values());
        }
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
