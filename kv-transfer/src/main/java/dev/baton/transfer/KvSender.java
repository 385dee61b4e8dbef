package dev.baton.transfer;

import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.v1.Failure;
import dev.baton.transfer.session.MessageChannel;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The serving half of an exchange: listens for peers, and serves the prompts that the worker has opened and blocks by name.
 * A ticket for an attempt that was never opened here is refused.
 */
final class KvSender implements AutoCloseable {
    private static final Logger LOG = System.getLogger(KvSender.class.getName());
    static final Duration JOIN = Duration.ofSeconds(5);

    private final SessionContext context;
    private final NamedBlocks named;
    private final Offers offers;
    private final ServerSocketChannel server;
    private final int port;
    private final Thread acceptor;
    private final DeadlineTicker watch;
    private final Set<SenderSession> sessions = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** Starts listening; accepts from {@link #start} on. */
    KvSender(SessionContext context, InetSocketAddress bind, NamedBlocks named) throws IOException {
        if (context.settings().secret().isNone()
                && (bind.getAddress() == null || !bind.getAddress().isLoopbackAddress())) {
            throw new IOException("KV sessions on %s need a secret: set %s alike on all workers, or listen on loopback"
                    .formatted(bind, ClusterSecret.SETTING));
        }
        this.context = context;
        this.named = named;
        this.offers = new Offers(context);
        this.server = ServerSocketChannel.open();
        try {
            server.bind(bind);
            this.port = ((InetSocketAddress) server.getLocalAddress()).getPort();
        } catch (IOException e) {
            server.close();
            throw e instanceof BindException
                    ? new IOException("cannot listen for KV sessions on %s (%s): set %s to a free port or 0"
                            .formatted(bind, e.getMessage(), KvExchange.PORT_SETTING))
                    : e;
        }
        this.acceptor = Thread.ofPlatform()
                .name("kv-send-accept")
                .daemon()
                .unstarted(new Acceptor(server::accept, this::serve));
        this.watch = new DeadlineTicker("kv-send-watch", context.settings().limits(), this::tick);
    }

    /** Begins to accept sessions. */
    KvSender start() {
        acceptor.start();
        watch.start();
        return this;
    }

    /** The port in use, also when 0 was asked for. */
    int port() {
        return port;
    }

    /** Makes a sequence known before its handoff is published; it ends with its completion. */
    OutgoingTransfer.Prompt open(AttemptKey key, int tokens) {
        OutgoingTransfer.Prompt opened = offers.open(key, tokens);
        watch.wake();
        return opened;
    }

    private void serve(SocketChannel channel) throws IOException {
        if (sessions.size() >= context.settings().limits().sessions()) {
            LOG.log(Level.WARNING, "refused a KV session: {0} are open", sessions.size());
            channel.close();
            return;
        }
        SenderSession session = new SenderSession(
                context,
                offers,
                named,
                MessageChannel.accepted(channel, context.settings().tls(), context.time()),
                channel.getRemoteAddress().toString(),
                sessions::remove);
        sessions.add(session);
        watch.wake();
        try {
            session.start();
        } catch (RuntimeException | Error e) {
            sessions.remove(session);
            throw e;
        }
        if (closed) {
            session.close(Failures.of(Failure.Code.SHUTTING_DOWN, "this worker is shutting down"));
        }
    }

    private boolean tick() {
        long now = context.time().nanos();
        sessions.forEach(session -> session.tick(now));
        boolean offered = offers.expire(now, context.settings().ticketWait());
        return offered || !sessions.isEmpty();
    }

    /** Ends all sessions, fails what is open with SHUTTING_DOWN; afterwards nothing here touches the pool. */
    @Override
    public void close() throws IOException, InterruptedException {
        closed = true;
        server.close();
        watch.close();
        Failure leaving = Failures.of(Failure.Code.SHUTTING_DOWN, "this worker is shutting down");
        offers.close();
        for (SenderSession session : sessions) {
            session.close(leaving);
            if (!session.join(JOIN)) {
                LOG.log(Level.WARNING, "a KV session did not end within {0}", JOIN);
            }
        }
    }
}
