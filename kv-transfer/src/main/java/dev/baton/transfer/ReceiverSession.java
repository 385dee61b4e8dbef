package dev.baton.transfer;

import dev.baton.kv.KvDigester;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvAck;
import dev.baton.protocol.v1.KvAllDone;
import dev.baton.protocol.v1.KvCancel;
import dev.baton.protocol.v1.KvFound;
import dev.baton.protocol.v1.KvLayerDone;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.protocol.v1.KvNack;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.transfer.IncomingTransfer.AnnouncementCheck;
import dev.baton.transfer.IncomingTransfer.LayerIntake;
import dev.baton.transfer.pool.PeerPool;
import dev.baton.transfer.session.MessageChannel;
import dev.baton.transfer.session.Peer;
import dev.baton.transfer.session.SessionRefused;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The receiver's end of a session. The reading thread connects, agrees, chooses the transport and then takes over what
 * is announced: it is the only thread that writes into reserved blocks. The writing thread sends tickets and answers.
 *
 * <p>A ticket that was cancelled or found corrupt stays known until the sender says CANCELLED, so that what is still on
 * its way is recognised and dropped. Whatever else a peer says that does not fit its ticket ends the session.
 */
final class ReceiverSession {
    private static final Logger LOG = System.getLogger(ReceiverSession.class.getName());
    private static final int MESSAGE_BYTES = 1 << 20;
    private static final long PARK_NANOS = 100_000_000;
    private static final int QUEUE_LIMIT = 64;

    private final SessionContext context;
    private final PeerAddress address;
    private final BiConsumer<PeerAddress, ReceiverSession> whenEnded;
    private final Map<Long, IncomingTransfer> tickets = new ConcurrentHashMap<>();
    private final Queue<Outgoing> outgoing = new ConcurrentLinkedQueue<>();
    private final AtomicLong lastTicket = new AtomicLong();
    private final Thread reader;
    private final Thread writer;
    private volatile @Nullable MessageChannel channel;
    private volatile KvTransportKind transport = KvTransportKind.KV_TRANSPORT_UNSPECIFIED;
    private volatile boolean agreed;
    private volatile boolean closed;
    private volatile @Nullable Failure cause;
    private volatile long usedAt;
    private long pingedAt;
    private boolean ended;

    // Of the reading thread: bytes that the peer may still announce, and bytes taken over since the last credit.
    private long allowed;
    private long consumed;

    ReceiverSession(SessionContext context, PeerAddress address, BiConsumer<PeerAddress, ReceiverSession> whenEnded) {
        this.context = context;
        this.address = address;
        this.whenEnded = whenEnded;
        this.usedAt = context.time().nanos();
        this.reader =
                Thread.ofPlatform().name("kv-receive-in " + address).daemon().unstarted(this::run);
        this.writer =
                Thread.ofPlatform().name("kv-receive-out " + address).daemon().unstarted(this::write);
    }

    void start() {
        reader.start();
    }

    /** Takes a ticket; false when the session has ended: open another. */
    boolean submit(IncomingTransfer inbound) {
        synchronized (this) {
            if (ended || closed) {
                return false;
            }
            long id = lastTicket.incrementAndGet();
            inbound.bind(this, id);
            tickets.put(id, inbound);
            outgoing.add(new Outgoing.Ask(id, inbound));
        }
        usedAt = context.time().nanos();
        LockSupport.unpark(writer);
        return true;
    }

    int openTickets() {
        return tickets.size();
    }

    /** Tells the sender to stop; it answers CANCELLED. */
    void abandon(long ticket, Failure why) {
        KvMessage.Builder message = KvMessage.newBuilder();
        if (why.getCode() == Failure.Code.CANCELLED) {
            message.setCancel(KvCancel.newBuilder().setTicket(ticket));
        } else {
            message.setNack(KvNack.newBuilder().setTicket(ticket).setFailure(why));
        }
        say(message.build());
    }

    private void run() {
        Failure failure = Failures.of(Failure.Code.TRANSFER_FAILED, "the KV session with %s ended".formatted(address));
        @Nullable PeerPool mapped = null;
        try {
            SocketChannel socket = SocketChannel.open();
            MessageChannel messages = MessageChannel.connecting(
                    socket, context.settings().tls(), address.host(), address.port(), context.time());
            channel = messages;
            int connectMillis =
                    Math.toIntExact(context.settings().limits().connect().toMillis());
            socket.socket().connect(new InetSocketAddress(address.host(), address.port()), connectMillis);
            Peer peer = context.handshake().open(messages, address.worker());
            mapped = mapPool(peer);
            transport = mapped == null ? KvTransportKind.TCP : KvTransportKind.SHARED_MEMORY;
            KvDigester digester = context.digester();
            LayerIntake intake = mapped == null
                    ? new LayerIntake.Tcp(messages, context.region(), digester)
                    : new LayerIntake.SharedMemory(mapped, context.region(), digester);
            AnnouncementCheck check = new AnnouncementCheck(
                    address,
                    context.region().layout(),
                    peer.identity().layout().blocks(),
                    mapped == null,
                    digester != null);
            context.listener().sessionOpened(address.worker().getId());
            LOG.log(Level.INFO, "KV session with {0} over {1}", address, transport);
            allowed = context.creditWindow();
            messages.write(SessionMessages.credit(allowed));
            agreed = true;
            writer.start();
            while (!closed) {
                hear(check, intake, messages.read(MESSAGE_BYTES));
            }
        } catch (SessionRefused e) {
            failure = e.failure();
            LOG.log(Level.WARNING, "KV session with {0} refused: {1}", address, e.getMessage());
        } catch (IOException e) {
            failure =
                    Failures.of(Failure.Code.TRANSFER_FAILED, "the KV session with %s broke: %s".formatted(address, e));
            Failure known = cause;
            LOG.log(
                    tickets.isEmpty() ? Level.DEBUG : Level.WARNING,
                    "KV session with {0} ended: {1}",
                    address,
                    known == null ? e.toString() : known.getMessage());
        } finally {
            Failure why = cause;
            finish(why == null ? failure : why, mapped);
        }
    }

    private void finish(Failure why, @Nullable PeerPool mapped) {
        close(why);
        synchronized (this) {
            ended = true;
        }
        whenEnded.accept(address, this);
        for (IncomingTransfer inbound : tickets.values()) {
            inbound.fail(why, false);
        }
        tickets.clear();
        if (mapped != null) {
            mapped.close();
        }
        if (agreed) {
            context.listener().sessionClosed(address.worker().getId());
        }
    }

    /** The peer's pool when both want shared memory and it can be mapped; null for TCP. */
    private @Nullable PeerPool mapPool(Peer peer) throws SessionRefused {
        boolean offered = peer.transports().contains(KvTransportKind.SHARED_MEMORY);
        boolean needed = !peer.transports().contains(KvTransportKind.TCP);
        String reason = "it is on another machine";
        if (offered && (needed || peer.machine().equals(context.settings().machine()))) {
            try {
                return PeerPool.map(Path.of(peer.poolPath()), context.folder(), peer.identity());
            } catch (IOException | IllegalArgumentException e) {
                reason = e.getMessage();
            }
        }
        if (needed) {
            throw new SessionRefused(
                    Failure.Code.TRANSFER_FAILED,
                    "shared memory is asked for, but the pool of %s cannot be mapped: %s".formatted(address, reason));
        }
        if (offered) {
            LOG.log(Level.INFO, "KV of {0} comes over TCP: {1}", address, reason);
        }
        return null;
    }

    private void hear(AnnouncementCheck check, LayerIntake intake, KvMessage message) throws IOException {
        switch (message.getMessageCase()) {
            case LAYER_DONE -> layerDone(check, intake, message.getLayerDone());
            case FOUND -> found(check, message.getFound());
            case ALL_DONE -> allDone(check, message.getAllDone());
            case NACK -> {
                if (message.getNack().getTicket() == 0) {
                    throw new SessionRefused(message.getNack().getFailure());
                }
                IncomingTransfer inbound = tickets.get(message.getNack().getTicket());
                if (inbound != null && !inbound.hasEnded()) {
                    tickets.remove(message.getNack().getTicket());
                    inbound.fail(message.getNack().getFailure(), false);
                }
            }
            case CANCELLED -> {
                IncomingTransfer inbound = tickets.remove(message.getCancelled().getTicket());
                if (inbound != null) {
                    inbound.fail(Failures.of(Failure.Code.CANCELLED, "the sender cancelled the transfer"), false);
                }
            }
            case PING -> {
                if (!message.getPing().getReply()) {
                    say(SessionMessages.answer(message.getPing()));
                }
            }
            case CHALLENGE, HELLO, TICKET, FETCH, ACK, CANCEL, CREDIT, MESSAGE_NOT_SET ->
                throw check.violation("a KV sender does not say " + message.getMessageCase());
        }
    }

    private void found(AnnouncementCheck check, KvFound found) throws SessionRefused {
        IncomingTransfer inbound = tickets.get(found.getTicket());
        if (inbound == null || !inbound.found(found.getBlocks())) {
            throw check.violation("%d blocks found for ticket %d".formatted(found.getBlocks(), found.getTicket()));
        }
        if (found.getBlocks() == 0) {
            tickets.remove(found.getTicket());
            usedAt = context.time().nanos();
            inbound.arrive(new ReceiveOutcome.Found(0, transport, 0, Duration.ZERO));
        }
    }

    private void layerDone(AnnouncementCheck check, LayerIntake intake, KvLayerDone done) throws IOException {
        IncomingTransfer inbound = tickets.get(done.getTicket());
        long bytes = check.bytes(inbound, done, allowed);
        if (inbound == null) {
            throw check.violation("no such ticket");
        }
        allowed -= bytes;
        boolean same = intake.take(inbound, check.layer(done), done);
        inbound.receive(
                check.layer(done),
                done.getSourceBlocksCount(),
                bytes,
                context.time().nanos());
        if (!same) {
            inbound.fail(
                    Failures.of(
                            Failure.Code.TRANSFER_FAILED,
                            "the digest of layer %d differs: bytes changed on their way from %s"
                                    .formatted(done.getLayer(), address)),
                    true);
        }
        consumed += bytes;
        if (consumed >= context.creditWindow() / 4) {
            say(SessionMessages.credit(consumed));
            allowed += consumed;
            consumed = 0;
        }
    }

    private void allDone(AnnouncementCheck check, KvAllDone done) throws SessionRefused {
        IncomingTransfer inbound = tickets.get(done.getTicket());
        if (inbound == null) {
            throw check.violation("all done for no ticket");
        }
        if (inbound.hasEnded()) {
            return;
        }
        if (!inbound.isWhole()) {
            throw check.violation("all done before all blocks came");
        }
        tickets.remove(done.getTicket());
        Duration duration = Duration.ofNanos(context.time().nanos() - inbound.firstNanos());
        usedAt = context.time().nanos();
        say(KvMessage.newBuilder()
                .setAck(KvAck.newBuilder().setTicket(done.getTicket()))
                .build());
        inbound.arrive(
                switch (inbound.request()) {
                    case TicketRequest ticket ->
                        new ReceiveOutcome.Arrived(
                                done.getFirstToken(), transport, inbound.bytes(), duration, done.getComputeEndedUs());
                    case FetchRequest named ->
                        new ReceiveOutcome.Found(inbound.blockCount(), transport, inbound.bytes(), duration);
                });
    }

    private void write() {
        MessageChannel messages = Objects.requireNonNull(channel);
        try {
            while (!closed) {
                switch (outgoing.poll()) {
                    case null -> LockSupport.parkNanos(this, PARK_NANOS);
                    case Outgoing.Ask(long id, IncomingTransfer inbound) ->
                        messages.write(SessionMessages.request(id, inbound.request(), transport));
                    case Outgoing.Say(KvMessage message) -> messages.write(message);
                }
            }
        } catch (IOException | RuntimeException e) {
            close(Failures.of(Failure.Code.TRANSFER_FAILED, "writing to %s failed: %s".formatted(address, e)));
        }
    }

    private void say(KvMessage message) {
        if (outgoing.size() > QUEUE_LIMIT + 4 * context.settings().limits().tickets()) {
            close(Failures.of(Failure.Code.TRANSFER_FAILED, "%s does not listen".formatted(address)));
            return;
        }
        outgoing.add(new Outgoing.Say(message));
        LockSupport.unpark(writer);
    }

    /** Called every so often: late tickets, pings, silence, idleness. */
    void tick(long now) {
        for (IncomingTransfer inbound : tickets.values()) {
            if (inbound.isLate(now)) {
                inbound.fail(
                        Failures.of(
                                Failure.Code.DEADLINE_EXCEEDED,
                                "the KV did not come within %d ms"
                                        .formatted(inbound.request().timeout().toMillis())),
                        true);
            }
        }
        MessageChannel messages = channel;
        var limits = context.settings().limits();
        if (messages == null || !agreed) {
            if (now - usedAt > 2 * limits.connect().toNanos()
                            && tickets.values().stream().allMatch(IncomingTransfer::hasEnded)
                    || messages != null
                            && now - messages.lastHeard() > 2 * limits.connect().toNanos()) {
                close(Failures.of(Failure.Code.TRANSFER_FAILED, "%s did not agree in time".formatted(address)));
            }
        } else if (now - messages.lastHeard() > limits.deadAfter().toNanos()) {
            close(Failures.of(
                    Failure.Code.TRANSFER_FAILED,
                    "%s was silent for %d ms"
                            .formatted(address, limits.deadAfter().toMillis())));
        } else if (tickets.isEmpty() && now - usedAt > limits.idleAfter().toNanos()) {
            close(Failures.of(Failure.Code.TRANSFER_FAILED, "idle"));
        } else if (now - pingedAt > limits.pingEvery().toNanos()) {
            pingedAt = now;
            say(SessionMessages.ping(context.time().epochMicros()));
        }
    }

    /** Ends the session now; the reading thread then fails its tickets. */
    void close(Failure why) {
        synchronized (this) {
            if (closed) {
                return;
            }
            cause = why;
            closed = true;
        }
        MessageChannel messages = channel;
        if (messages != null) {
            try {
                messages.close();
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "closing a KV session: {0}", e.toString());
            }
        }
        LockSupport.unpark(writer);
    }

    boolean join(Duration wait) throws InterruptedException {
        return (!reader.isAlive() || reader.join(wait)) && (!writer.isAlive() || writer.join(wait));
    }

    /** What the writing thread has to send. A ticket becomes a message only once the transport is known. */
    private sealed interface Outgoing {
        record Ask(long id, IncomingTransfer inbound) implements Outgoing {}

        record Say(KvMessage message) implements Outgoing {}
    }
}
