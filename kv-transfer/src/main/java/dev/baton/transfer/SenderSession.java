package dev.baton.transfer;

import dev.baton.kv.KvDigest;
import dev.baton.kv.KvDigester;
import dev.baton.kv.KvRegion;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.TagLimits;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvFetch;
import dev.baton.protocol.v1.KvLayerDone;
import dev.baton.protocol.v1.KvMessage;
import dev.baton.protocol.v1.KvTicket;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.transfer.session.MessageChannel;
import dev.baton.transfer.session.Peer;
import dev.baton.transfer.session.SessionRefused;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The sender's end of a session. The reading thread agrees with the peer, then hears tickets, credits and
 * acknowledgements; the writing thread asks the outbounds for what is ready and sends it, one piece at a time, controls
 * first. Nothing is buffered: a slow peer leaves the bytes where they are, in the pool.
 */
final class SenderSession {
    private static final Logger LOG = System.getLogger(SenderSession.class.getName());
    private static final int MESSAGE_BYTES = 64 << 10;
    private static final int BYTES_PER_BLOCK = 5 + BlockNames.BYTES;
    private static final long PARK_NANOS = 100_000_000;

    private final SessionContext context;
    private final Offers offers;
    private final NamedBlocks named;
    private final Consumer<SenderSession> whenEnded;
    private final MessageChannel channel;
    private final Map<Long, Ticket> tickets = new ConcurrentHashMap<>();
    private final Queue<KvMessage> controls = new ConcurrentLinkedQueue<>();
    private final AtomicLong credit = new AtomicLong();
    private final Thread reader;
    private final Thread writer;
    private final long opened;
    private volatile boolean agreed;
    private volatile boolean closed;
    private volatile @Nullable Failure cause;
    private long pingedAt;

    SenderSession(
            SessionContext context,
            Offers offers,
            NamedBlocks named,
            MessageChannel channel,
            String remote,
            Consumer<SenderSession> whenEnded) {
        this.context = context;
        this.offers = offers;
        this.named = named;
        this.whenEnded = whenEnded;
        this.channel = channel;
        this.opened = context.time().nanos();
        this.reader = Thread.ofPlatform().name("kv-send-in " + remote).daemon().unstarted(this::read);
        this.writer = Thread.ofPlatform().name("kv-send-out " + remote).daemon().unstarted(this::write);
    }

    void start() {
        reader.start();
    }

    private void read() {
        Failure failure = Failures.of(Failure.Code.TRANSFER_FAILED, "the KV session ended");
        String name = "";
        try {
            Peer peer = context.handshake().accept(channel);
            name = peer.identity().workerId();
            agreed = true;
            context.listener().sessionOpened(name);
            writer.start();
            int blocks = peer.identity().layout().blocks();
            while (!closed) {
                hear(peer, channel.read(MESSAGE_BYTES + BYTES_PER_BLOCK * blocks));
            }
        } catch (SessionRefused e) {
            failure = e.failure();
            LOG.log(Level.WARNING, "KV session {0} refused: {1}", name, e.getMessage());
        } catch (IOException e) {
            failure = Failures.of(Failure.Code.TRANSFER_FAILED, "the KV session with %s broke: %s".formatted(name, e));
            Failure known = cause;
            LOG.log(
                    tickets.isEmpty() ? Level.DEBUG : Level.WARNING,
                    "KV session with {0} ended: {1}",
                    name,
                    known == null ? e.toString() : known.getMessage());
        } finally {
            Failure why = cause;
            close(failure);
            for (Ticket ticket : tickets.values()) {
                ticket.outbound.lost(ticket, why == null ? failure : why);
            }
            tickets.clear();
            awaitWriter();
            whenEnded.accept(this);
            if (agreed) {
                context.listener().sessionClosed(name);
            }
        }
    }

    private void hear(Peer peer, KvMessage message) throws IOException {
        switch (message.getMessageCase()) {
            case TICKET -> open(peer, message.getTicket());
            case FETCH -> fetch(peer, message.getFetch());
            case ACK -> acknowledged(message.getAck().getTicket());
            case NACK -> {
                if (message.getNack().getTicket() == 0) {
                    throw new SessionRefused(message.getNack().getFailure());
                }
                giveUp(message.getNack().getTicket(), message.getNack().getFailure());
            }
            case CANCEL -> {
                Failure cancelled = Failures.of(Failure.Code.CANCELLED, "the receiver cancelled the ticket");
                giveUp(message.getCancel().getTicket(), cancelled);
            }
            case PING -> {
                if (!message.getPing().getReply()) {
                    control(SessionMessages.answer(message.getPing()));
                }
            }
            case CREDIT -> {
                long bytes = message.getCredit().getBytes();
                if (bytes < 0 || credit.addAndGet(bytes) < 0) {
                    throw new SessionRefused(Failure.Code.BAD_REQUEST, "credit of %d bytes".formatted(bytes));
                }
                wake();
            }
            case CHALLENGE, HELLO, FOUND, LAYER_DONE, ALL_DONE, CANCELLED, MESSAGE_NOT_SET ->
                throw new SessionRefused(
                        Failure.Code.BAD_REQUEST, "a KV receiver does not say " + message.getMessageCase());
        }
    }

    /** One that comes too early ends the session, and with it the ticket: what it holds would never be let go. */
    private void acknowledged(long id) throws SessionRefused {
        Ticket ticket = tickets.get(id);
        if (ticket != null && !ticket.outbound.acknowledged(ticket, ticket.transport)) {
            throw new SessionRefused(Failure.Code.BAD_REQUEST, "ticket %d acknowledged too early".formatted(id));
        }
        tickets.remove(id);
    }

    private void open(Peer peer, KvTicket wanted) throws SessionRefused {
        Failure refusal = refusal(peer, wanted.getTicket(), wanted.getTransport(), wanted.getTags());
        if (refusal == null) {
            AttemptKey key = AttemptKey.of(wanted.getRequestId(), wanted.getAttempt());
            OutgoingTransfer.Prompt outbound = offers.find(key);
            if (outbound == null) {
                refusal = offers.whyGone(key);
            } else {
                Ticket ticket = new Ticket(this, wanted.getTicket(), outbound, wanted.getTransport());
                tickets.put(ticket.id, ticket);
                refusal = outbound.attach(ticket, wanted.getTokens(), wanted.getBlocksCount(), wanted.getTags());
                if (refusal != null) {
                    tickets.remove(ticket.id);
                }
            }
        }
        if (refusal != null) {
            control(SessionMessages.nack(wanted.getTicket(), refusal));
        }
    }

    private void fetch(Peer peer, KvFetch wanted) throws SessionRefused {
        Failure refusal = refusal(peer, wanted.getTicket(), wanted.getTransport(), wanted.getTags());
        int count = wanted.getBlocksCount();
        int bytes = wanted.getNames().size();
        if (count < 1 || count > context.layout().blocks() || bytes != count * BlockNames.BYTES) {
            String what = "fetch of %d blocks by %d bytes of names".formatted(count, bytes);
            throw new SessionRefused(Failure.Code.BAD_REQUEST, what);
        }
        if (refusal != null) {
            control(SessionMessages.nack(wanted.getTicket(), refusal));
            return;
        }
        OutgoingBlocks outbound = new OutgoingBlocks(context);
        tickets.put(wanted.getTicket(), new Ticket(this, wanted.getTicket(), outbound, wanted.getTransport()));
        var unused = named.hold(BlockNames.decode(wanted.getNames())).handle((held, error) -> {
            outbound.take(error == null ? held : NamedBlocks.Held.NOTHING);
            wake();
            return held;
        });
    }

    /** Why what is asked for cannot be served, whatever it is; null when it may be. */
    private @Nullable Failure refusal(Peer peer, long ticket, KvTransportKind transport, RequestTags tags)
            throws SessionRefused {
        if (ticket == 0 || tickets.containsKey(ticket)) {
            throw new SessionRefused(Failure.Code.BAD_REQUEST, "ticket %d again".formatted(ticket));
        }
        if (tickets.size() >= context.settings().limits().tickets()) {
            return Failures.of(Failure.Code.NO_CAPACITY, "%d tickets are open".formatted(tickets.size()));
        }
        if (!peer.transports().contains(transport)) {
            return Failures.of(Failure.Code.BAD_REQUEST, "transport %s".formatted(transport));
        }
        return TagLimits.hold(tags) ? null : Failures.of(Failure.Code.BAD_REQUEST, "a tag is too long");
    }

    /** The peer wants no more of a ticket. Answered behind whatever piece is on its way. */
    private void giveUp(long id, Failure failure) {
        Ticket ticket = tickets.remove(id);
        if (ticket != null) {
            ticket.outbound.lost(ticket, failure);
        }
        control(SessionMessages.cancelled(id));
    }

    private void write() {
        try {
            while (!closed) {
                KvMessage control = controls.poll();
                if (control != null) {
                    channel.write(control);
                } else if (!advance()) {
                    LockSupport.parkNanos(this, PARK_NANOS);
                }
            }
        } catch (IOException | RuntimeException e) {
            close(Failures.of(Failure.Code.TRANSFER_FAILED, "writing to the KV session failed: " + e));
        }
    }

    /** One piece of each ticket in turn. */
    private boolean advance() throws IOException {
        boolean moved = false;
        for (Ticket ticket : tickets.values()) {
            OutgoingTransfer.Announcement piece = ticket.outbound.next(ticket, credit.get());
            switch (piece) {
                case null -> {}
                case OutgoingTransfer.Announcement.Found(int blocks) -> {
                    channel.write(SessionMessages.found(ticket.id, blocks));
                    if (blocks == 0) {
                        tickets.remove(ticket.id);
                        ticket.outbound.acknowledged(ticket, ticket.transport);
                    }
                    moved = true;
                }
                case OutgoingTransfer.Announcement.Layer layer -> {
                    send(ticket, layer);
                    moved = true;
                }
                case OutgoingTransfer.Announcement.All all -> {
                    channel.write(SessionMessages.allDone(ticket.id, all));
                    moved = true;
                }
            }
            if (!controls.isEmpty()) {
                return true;
            }
        }
        return moved;
    }

    private void send(Ticket ticket, OutgoingTransfer.Announcement.Layer piece) throws IOException {
        KvRegion region = context.region();
        KvDigester digester = context.digester();
        int[] source = piece.source();
        KvLayerDone.Builder done = KvLayerDone.newBuilder()
                .setTicket(ticket.id)
                .setLayer(region.layout().firstLayer() + piece.layer())
                .setFromBlock(piece.from());
        boolean pushes = ticket.transport == KvTransportKind.TCP;
        ByteBuffer[] payload = new ByteBuffer[pushes ? source.length : 0];
        long bytes = 0;
        for (int i = 0; i < source.length; i++) {
            MemorySegment block = region.layerBlock(piece.layer(), source[i]);
            bytes += block.byteSize();
            done.addSourceBlocks(source[i]);
            if (digester != null) {
                KvDigest digest = piece.stored().isEmpty()
                        ? digester.of(piece.layer(), block, ticket.outbound.tokens(piece.from() + i))
                        : piece.stored().get(i);
                done.addDigests(digest.a()).addDigests(digest.b());
            }
            if (pushes) {
                payload[i] = block.asByteBuffer();
            }
        }
        if (pushes) {
            done.setPayloadBytes(bytes);
        }
        credit.addAndGet(-bytes);
        channel.write(KvMessage.newBuilder().setLayerDone(done).build(), payload);
    }

    /** Called every so often: pings, and ends a session whose peer is silent, late to agree, or unused. */
    void tick(long now) {
        var limits = context.settings().limits();
        if (!agreed) {
            if (now - opened > limits.connect().toNanos()) {
                close(Failures.of(Failure.Code.TRANSFER_FAILED, "the peer did not agree in time"));
            }
            return;
        }
        for (Ticket ticket : tickets.values()) {
            if (ticket.outbound instanceof OutgoingBlocks blocks) {
                Failure late = blocks.expire(now, context.settings().ticketWait());
                if (late != null) {
                    ticket.refuse(late);
                }
            }
        }
        if (now - channel.lastHeard() > limits.deadAfter().toNanos()) {
            String silent = "the receiver was silent for %d ms"
                    .formatted(limits.deadAfter().toMillis());
            close(Failures.of(Failure.Code.TRANSFER_FAILED, silent));
        } else if (now - pingedAt > limits.pingEvery().toNanos()) {
            pingedAt = now;
            control(SessionMessages.ping(context.time().epochMicros()));
        }
    }

    private void control(KvMessage message) {
        if (controls.size() > 2 * context.settings().limits().tickets() + 64) {
            close(Failures.of(Failure.Code.TRANSFER_FAILED, "the receiver asks faster than it listens"));
            return;
        }
        controls.add(message);
        wake();
    }

    void wake() {
        LockSupport.unpark(writer);
    }

    /** Ends the session now; the reading thread then fails its tickets. */
    void close(Failure why) {
        if (closed) {
            return;
        }
        cause = why;
        closed = true;
        try {
            channel.close();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "closing a KV session: {0}", e.toString());
        }
        wake();
    }

    private void awaitWriter() {
        try {
            if (writer.isAlive()) {
                writer.join(KvSender.JOIN);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until no thread of the session touches the pool. */
    boolean join(Duration wait) throws InterruptedException {
        return (!reader.isAlive() || reader.join(wait)) && (!writer.isAlive() || writer.join(wait));
    }

    /** A ticket that is being served here. */
    private static final class Ticket implements OutgoingTransfer.OpenTicket {
        private final SenderSession session;
        private final long id;
        private final OutgoingTransfer outbound;
        private final KvTransportKind transport;

        Ticket(SenderSession session, long id, OutgoingTransfer outbound, KvTransportKind transport) {
            this.session = session;
            this.id = id;
            this.outbound = outbound;
            this.transport = transport;
        }

        @Override
        public void wake() {
            session.wake();
        }

        @Override
        public void refuse(Failure failure) {
            session.tickets.remove(id);
            session.control(SessionMessages.nack(id, failure));
        }
    }
}
