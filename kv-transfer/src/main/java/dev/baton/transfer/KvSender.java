package dev.baton.transfer;

import dev.baton.kv.KvDigester;
import dev.baton.kv.KvRegion;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.v1.Failure;
import dev.baton.transfer.pool.SharedPool;
import dev.baton.transfer.session.Handshake;
import dev.baton.transfer.session.MessageChannel;
import dev.baton.transfer.session.TimeSource;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The prefill side: listens for peers and serves the sequences that the worker has opened. A ticket for an attempt that
 * was never opened here is refused.
 */
public final class KvSender implements AutoCloseable {
    /** Property of the port on which KV sessions are accepted. */
    public static final String PORT_SETTING = "baton.worker.kv-port";

    private static final Logger LOG = System.getLogger(KvSender.class.getName());
    private static final int REMEMBERED = 1024;
    static final Duration JOIN = Duration.ofSeconds(5);

    private final SharedPool pool;
    private final TransferSettings settings;
    private final TransferListener listener;
    private final TimeSource time;
    private final Handshake handshake;
    private final @Nullable KvDigester digester;
    private final ServerSocketChannel server;
    private final int port;
    private final Thread acceptor;
    private final DeadlineTicker watch;
    private final Set<SenderSession> sessions = ConcurrentHashMap.newKeySet();
    private final Map<AttemptKey, OutgoingTransfer> outbounds = new ConcurrentHashMap<>();
    private final Map<AttemptKey, Failure> gone = new LinkedHashMap<>();
    private volatile boolean closed;

    /** Starts listening. The pool stays the caller's and must be closed after the sender. */
    public KvSender(
            SharedPool pool,
            InetSocketAddress bind,
            TransferSettings settings,
            TransferListener listener,
            TimeSource time)
            throws IOException {
        if (settings.secret().isNone()
                && (bind.getAddress() == null || !bind.getAddress().isLoopbackAddress())) {
            throw new IOException("KV sessions on %s need a secret: set %s alike on all workers, or listen on loopback"
                    .formatted(bind, ClusterSecret.SETTING));
        }
        this.pool = pool;
        this.settings = settings;
        this.listener = listener;
        this.time = time;
        this.handshake =
                new Handshake(pool, settings.secret(), settings.machine(), settings.transport(), settings.digests());
        this.digester = settings.digests() ? new KvDigester(pool.identity().layout()) : null;
        this.server = ServerSocketChannel.open();
        try {
            server.bind(bind);
            this.port = ((InetSocketAddress) server.getLocalAddress()).getPort();
        } catch (IOException e) {
            server.close();
            throw e instanceof BindException
                    ? new IOException("cannot listen for KV sessions on %s (%s): set %s to a free port or 0"
                            .formatted(bind, e.getMessage(), PORT_SETTING))
                    : e;
        }
        this.acceptor = Thread.ofPlatform().name("kv-send-accept").daemon().unstarted(this::accept);
        this.watch = new DeadlineTicker("kv-send-watch", settings.limits(), this::tick);
    }

    /** Begins to accept sessions. */
    public KvSender start() {
        acceptor.start();
        watch.start();
        return this;
    }

    /** The port in use, also when 0 was asked for. */
    public int port() {
        return port;
    }

    /** Makes a sequence known before its handoff is published; it ends with its completion. */
    public OutgoingTransfer open(AttemptKey key, int tokens) {
        OutgoingTransfer outbound =
                new OutgoingTransfer(key, tokens, pool.identity().layout(), time);
        if (closed) {
            outbound.failed(Failures.of(Failure.Code.SHUTTING_DOWN, "this worker is shutting down"));
            return outbound;
        }
        if (outbounds.putIfAbsent(key, outbound) != null) {
            throw new IllegalStateException("already sending " + key);
        }
        var removal = outbound.completion().thenAccept(outcome -> ended(key, outcome));
        if (closed && !removal.isDone()) {
            outbound.failed(Failures.of(Failure.Code.SHUTTING_DOWN, "this worker is shutting down"));
        }
        return outbound;
    }

    private void ended(AttemptKey key, SendOutcome outcome) {
        Failure memory = switch (outcome) {
            case SendOutcome.Acknowledged sent -> {
                listener.sent(sent.transport(), sent.bytes(), sent.duration(), sent.exposed());
                yield Failures.of(Failure.Code.SUPERSEDED, "the transfer is over, its blocks are released");
            }
            case SendOutcome.Failed(Failure failure) -> {
                listener.failed(failure);
                yield failure;
            }
        };
        synchronized (gone) {
            gone.put(key, memory);
            if (gone.size() > REMEMBERED) {
                gone.remove(gone.keySet().iterator().next());
            }
        }
        outbounds.remove(key);
    }

    @Nullable
    OutgoingTransfer find(AttemptKey key) {
        return outbounds.get(key);
    }

    Failure whyGone(AttemptKey key) {
        synchronized (gone) {
            Failure known = gone.get(key);
            return known != null
                    ? known
                    : Failures.of(
                            Failure.Code.UNKNOWN_REQUEST,
                            "no KV of request %s, attempt %d here".formatted(key.requestId(), key.attempt()));
        }
    }

    private void accept() {
        while (!closed) {
            try {
                SocketChannel channel = server.accept();
                if (sessions.size() >= settings.limits().sessions()) {
                    LOG.log(Level.WARNING, "refused a KV session: {0} are open", sessions.size());
                    channel.close();
                    continue;
                }
                SenderSession session = new SenderSession(
                        this,
                        MessageChannel.accepted(channel, settings.tls(), time),
                        channel.getRemoteAddress().toString());
                sessions.add(session);
                session.start();
                if (closed) {
                    session.close(Failures.of(Failure.Code.SHUTTING_DOWN, "this worker is shutting down"));
                }
            } catch (IOException e) {
                if (!closed) {
                    LOG.log(Level.WARNING, "accepting a KV session failed: {0}", e.toString());
                }
            }
        }
    }

    private void tick() {
        long now = time.nanos();
        sessions.forEach(session -> session.tick(now));
        outbounds.values().forEach(outbound -> outbound.expire(now, settings.ticketWait()));
    }

    void forget(SenderSession session) {
        sessions.remove(session);
    }

    KvRegion region() {
        return pool.region();
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
    public void close() throws IOException, InterruptedException {
        closed = true;
        server.close();
        watch.close();
        Failure leaving = Failures.of(Failure.Code.SHUTTING_DOWN, "this worker is shutting down");
        outbounds.values().forEach(outbound -> outbound.failed(leaving));
        for (SenderSession session : sessions) {
            session.close(leaving);
            if (!session.join(JOIN)) {
                LOG.log(Level.WARNING, "a KV session did not end within {0}", JOIN);
            }
        }
    }
}
