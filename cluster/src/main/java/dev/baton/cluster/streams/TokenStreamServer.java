package dev.baton.cluster.streams;

import com.google.protobuf.ByteString;
import dev.baton.cluster.streams.StreamHandshake.StreamRefusal;
import dev.baton.cluster.tls.ClusterTls;
import dev.baton.config.ClusterProperties;
import dev.baton.config.StreamProperties;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Cancel;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.GatewayMessage;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Hello;
import dev.baton.protocol.v1.Ping;
import dev.baton.protocol.v1.Pong;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.Resume;
import dev.baton.protocol.v1.TokenFrame;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerMessage;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The worker's side: sends each engine step's tokens to the gateways they belong to and keeps them until acknowledged.
 * The engine's thread only hands over; one thread owns sessions and kept tokens.
 *
 * <p>An attempt is known from its first progress, which a worker sends without tokens when it has claimed a job, until
 * its end is acknowledged, it is cancelled, a newer attempt takes its place, or nothing has been heard about it for the
 * time to keep. An attempt whose gateway stays away that long is cancelled.
 */
public final class TokenStreamServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TokenStreamServer.class);

    /** A connection without a call is closed after this. */
    private static final Duration NO_CALL_LIMIT = Duration.ofSeconds(10);

    private final Welcome welcome;
    private final StreamHandshake handshake;
    private final StreamProperties settings;
    private final StreamHandler handler;
    private final StreamMetrics metrics;
    private final StreamLoop loop;
    private final GatewaySessions sessions;
    private final KeptTokens kept;
    private final KeptDeclines declines;
    private final AttachWaits waits = new AttachWaits();
    private final UnprovenCalls unproven;
    private InstantSource clock;
    private UnaryOperator<NettyServerBuilder> transport = UnaryOperator.identity();
    private @Nullable Server server;

    /** @param welcome who the worker is; the proof is added for each gateway */
    public TokenStreamServer(
            Welcome welcome,
            ClusterProperties cluster,
            StreamProperties settings,
            StreamHandler handler,
            StreamMetrics metrics) {
        this(welcome, cluster, settings, handler, metrics, new EventLoop("token-stream-server"));
    }

    /** With a thread and a time of the caller's. */
    TokenStreamServer(
            Welcome welcome,
            ClusterProperties cluster,
            StreamProperties settings,
            StreamHandler handler,
            StreamMetrics metrics,
            StreamLoop loop) {
        this.loop = loop;
        this.clock = loop.clock();
        this.welcome = welcome;
        this.handshake = new StreamHandshake(cluster);
        this.settings = settings;
        this.handler = handler;
        this.metrics = metrics;
        this.sessions = new GatewaySessions(
                settings.idlePingEvery().plus(settings.connectTimeout()).plus(settings.suspectAfter()));
        this.kept = new KeptTokens(settings.maxKept());
        this.unproven = new UnprovenCalls(metrics);
        this.declines = new KeptDeclines(settings.maxKept());
    }

    /** For tests of two machines' clocks; before the start. */
    void by(InstantSource wanted) {
        clock = wanted;
    }

    /** For tests that look at connections from this side; before the start. */
    void over(UnaryOperator<NettyServerBuilder> wanted) {
        transport = wanted;
    }

    /**
     * Starts to listen; port 0 takes any. Returns the port.
     *
     * @throws IllegalStateException when TLS is wanted and its certificates cannot be used
     */
    public int start(InetSocketAddress address, ClusterTls tls) throws IOException {
        ServerServiceDefinition service = ServerServiceDefinition.builder(TokenStreamMethod.SERVICE)
                .addMethod(TokenStreamMethod.METHOD, ServerCalls.asyncBidiStreamingCall(this::attach))
                .build();
        NettyServerBuilder builder = transport.apply(NettyServerBuilder.forAddress(address));
        StreamTls.accepting(tls).ifPresent(builder::sslContext);
        Server started = builder.directExecutor()
                .withChildOption(ChannelOption.TCP_NODELAY, true)
                .flowControlWindow(TokenStreamMethod.FLOW_WINDOW)
                .maxInboundMessageSize(TokenStreamMethod.MAX_REQUEST)
                .maxConcurrentCallsPerConnection(1)
                .maxConnectionIdle(NO_CALL_LIMIT.toSeconds(), TimeUnit.SECONDS)
                .addService(service)
                .build()
                .start();
        server = started;
        expireRegularly();
        return started.getPort();
    }

    void expireRegularly() {
        loop.every(settings.keepUnacknowledged().dividedBy(4), this::expire);
    }

    /** What one engine step has for one gateway. Returns at once. Any thread; one caller's frames keep their order. */
    public void send(GatewayRef owner, TokenFrame frame) {
        loop.execute(() -> keepAndSend(owner, frame));
    }

    /** Another worker goes on with an attempt: what is kept of it here goes soon. Returns at once. Any thread. */
    public void handedOver(String requestId, Attempt attempt) {
        loop.execute(() -> {
            kept.handedOver(requestId, attempt, loop.nanoTime());
            endReplaced();
        });
    }

    /** Tells the owner of an attempt that its record is not worked on; once it has a stream, if it has none now. Any thread. */
    public void decline(GatewayRef owner, Decline decline) {
        metrics.declined(decline.getReason());
        loop.execute(() -> {
            declines.keep(owner, decline, loop.nanoTime());
            GatewaySessions.Session session = sessions.of(owner);
            if (session != null) {
                send(session, decline);
            }
        });
    }

    /**
     * Waits for a gateway's stream. Any thread.
     *
     * @param then hears once, on the server's thread, whether it stood within the limit; must not block
     */
    public void whenAttached(GatewayRef gateway, Duration limit, Consumer<Boolean> then) {
        loop.execute(() -> waits.await(gateway, sessions.attached(gateway), limit, loop, then));
    }

    /**
     * How far this worker's clock is ahead of a gateway's, in microseconds, as measured on its stream; empty while it has
     * none. Never less than it is, and more by the time that one message takes. Any thread.
     */
    public OptionalLong aheadUs(GatewayRef gateway) {
        return sessions.aheadUs(gateway);
    }

    /** How many gateways have a stream to this worker. Any thread. */
    public int gateways() {
        return sessions.count();
    }

    /** Whether an operator, through a gateway, wants this worker to take nothing new. Any thread. */
    public boolean drained() {
        return sessions.drained();
    }

    /** Whether the gateway, in this life, has a stream to this worker and was heard on it. Any thread. */
    public boolean attached(GatewayRef gateway) {
        return sessions.attached(gateway);
    }

    /** What is kept for gateways: tokens of requests, declines, and waits for their streams. Owner's thread. */
    int held() {
        return kept.count() + declines.count() + waits.count();
    }

    /** Ends all streams. Kept tokens are lost, so this is for a worker that has finished or handed back its work. */
    @Override
    public void close() {
        loop.execute(() -> {
            sessions.all().forEach(session -> session.close(Status.UNAVAILABLE.withDescription("shutting down")));
            sessions.clear();
        });
        loop.close();
        if (server != null) {
            server.shutdown();
            try {
                if (!server.awaitTermination(1, TimeUnit.SECONDS)) {
                    server.shutdownNow();
                }
            } catch (InterruptedException e) {
                server.shutdownNow();
                Thread.currentThread().interrupt();
            }
        }
    }

    /** A gateway calls. */
    StreamObserver<GatewayMessage> attach(StreamObserver<WorkerMessage> response) {
        ServerCallStreamObserver<WorkerMessage> out = (ServerCallStreamObserver<WorkerMessage>) response;
        out.setOnReadyHandler(() -> loop.execute(() -> onSession(out, GatewaySessions.Session::drain)));
        out.setOnCancelHandler(() -> loop.execute(() -> left(out)));
        loop.execute(() -> unproven.challenge(out));
        loop.later(settings.connectTimeout(), () -> unproven.timedOut(out, settings.connectTimeout()));
        return new StreamObserver<>() {
            @Override
            public void onNext(GatewayMessage message) {
                loop.execute(() -> receive(out, message));
            }

            @Override
            public void onError(Throwable failure) {
                loop.execute(() -> left(out));
            }

            @Override
            public void onCompleted() {
                loop.execute(() -> {
                    left(out);
                    out.onCompleted();
                });
            }
        };
    }

    private void receive(ServerCallStreamObserver<WorkerMessage> out, GatewayMessage message) {
        if (message.hasHello()) {
            unproven.answered(out).ifPresent(challenge -> welcome(out, challenge, message.getHello()));
        } else {
            onSession(out, session -> receive(session, message));
        }
    }

    private void receive(GatewaySessions.Session session, GatewayMessage message) {
        long now = loop.nanoTime();
        session.heard(now);
        switch (message.getMessageCase()) {
            case CANCEL -> cancel(session.gateway(), message.getCancel());
            case RESUME -> {
                metrics.resumed();
                resume(session, message.getResume(), now);
            }
            case ACKNOWLEDGE -> kept.acknowledge(session.gateway(), message.getAcknowledge(), now);
            case PING -> ping(session, message.getPing());
            case DRAIN -> sessions.drain(session.gateway(), message.getDrain().getDraining());
            case HELLO -> {} // Taken before there is a session.
            case MESSAGE_NOT_SET -> LOG.warn("A gateway sent a message this version does not know; it is ignored");
        }
    }

    private void welcome(ServerCallStreamObserver<WorkerMessage> out, ByteString challenge, Hello hello) {
        long now = loop.nanoTime();
        GatewayRef gateway = hello.getFrom();
        Optional<StreamRefusal> refusal =
                handshake.refusal(hello, challenge, welcome.getWorker()).or(() -> sessions.refusal(gateway, now));
        if (refusal.isPresent()) {
            unproven.refuse(out, hello, refusal.get());
            return;
        }
        GatewaySessions.Session session =
                new GatewaySessions.Session(gateway, out, settings.maxUnsent().toBytes(), now);
        GatewaySessions.Session before = sessions.enter(session);
        if (before != null && before.gateway().equals(gateway)) {
            before.close(Status.UNAVAILABLE.withDescription("a newer stream of this gateway has taken its place"));
        } else if (before != null) {
            LOG.warn("Gateway {} is silent: a newer life of that id takes its place", gateway.getId());
            before.close(StreamRefusal.Reason.REPLACED.status("a newer life of this gateway has taken its place"));
        }
        metrics.sessions(sessions.count());
        send(
                session,
                WorkerMessage.newBuilder()
                        .setWelcome(handshake.welcome(welcome, hello))
                        .build());
        LOG.info("Gateway {} is attached", gateway.getId());
        declines.of(gateway).forEach(decline -> send(session, decline));
        expire();
    }

    private void endReplaced() {
        kept.takeReplaced().forEach(orphan -> end(orphan, "a later attempt is here"));
    }

    private void keepAndSend(GatewayRef owner, TokenFrame frame) {
        long now = loop.nanoTime();
        List<Progress> current = new ArrayList<>(frame.getProgressCount());
        for (Progress progress : frame.getProgressList()) {
            if (isNews(progress) || kept.keep(owner, progress, now)) {
                current.add(progress);
            }
        }
        endReplaced();
        GatewaySessions.Session session = sessions.of(owner);
        if (session != null && !current.isEmpty()) {
            send(
                    session,
                    current.size() == frame.getProgressCount()
                            ? WorkerMessage.newBuilder().setFrame(frame).build()
                            : frame(frame.toBuilder().clearProgress().addAllProgress(current)));
        }
        metrics.kept(kept.count());
    }

    /** Soon outdated, so it is not kept, and no claim of the attempt. */
    private static boolean isNews(Progress progress) {
        return progress.hasQueued() || progress.hasComputedTokens();
    }

    private static WorkerMessage frame(TokenFrame.Builder frame) {
        return WorkerMessage.newBuilder().setFrame(frame).build();
    }

    private void resume(GatewaySessions.Session session, Resume resume, long now) {
        Optional<Decline> declined = declines.of(session.gateway(), resume.getRequestId(), resume.getAttempt());
        if (declined.isPresent()) {
            send(session, declined.get());
            return;
        }
        List<Progress> rest = kept.resume(session.gateway(), resume, now);
        send(session, frame(TokenFrame.newBuilder().addAllProgress(rest).setMadeUs(nowMicros())));
    }

    private void send(GatewaySessions.Session session, Decline decline) {
        send(session, WorkerMessage.newBuilder().setDecline(decline).build());
    }

    private void cancel(GatewayRef by, Cancel cancel) {
        metrics.cancelled();
        if (kept.cancel(by, cancel.getRequestId(), cancel.getAttempt())) {
            handler.cancel(cancel.getRequestId(), cancel.getAttempt());
        }
    }

    private void ping(GatewaySessions.Session session, Ping ping) {
        if (sessions.pinged(session, nowMicros() - ping.getSentUs())) {
            waits.attached(session.gateway());
        }
        send(
                session,
                WorkerMessage.newBuilder()
                        .setPong(Pong.newBuilder().setSentUs(ping.getSentUs()).setWorkerUs(nowMicros()))
                        .build());
    }

    private void send(GatewaySessions.Session session, WorkerMessage message) {
        if (!session.send(message)) {
            LOG.warn(
                    "Gateway {} has not read {} bytes of tokens (baton.stream.max-unsent): its stream is closed",
                    session.gateway().getId(),
                    session.unsentBytes());
            session.close(Status.RESOURCE_EXHAUSTED.withDescription("the gateway does not read its stream"));
            ended(session);
        }
    }

    /** Drops what has waited too long, and ends work whose gateway is gone or silent. */
    private void expire() {
        long now = loop.nanoTime();
        long before = now - settings.keepUnacknowledged().toNanos();
        for (GatewaySessions.Session silent : sessions.silentSince(before)) {
            LOG.warn("Gateway {} has said nothing for {}", silent.gateway().getId(), settings.keepUnacknowledged());
            silent.close(Status.DEADLINE_EXCEEDED.withDescription("nothing was heard from this gateway"));
            ended(silent);
        }
        kept.expire(sessions, before, now).forEach(orphan -> end(orphan, "its gateway stays away"));
        declines.expire(before);
        sessions.forget(before, kept.gateways());
        metrics.kept(kept.count());
    }

    private void end(KeptTokens.Orphan orphan, String why) {
        LOG.info(
                "Attempt {} of request {} of gateway {} ends: {}",
                orphan.attempt().getNumber(),
                orphan.requestId(),
                orphan.gateway().getId(),
                why);
        handler.cancel(orphan.requestId(), orphan.attempt());
    }

    private void left(ServerCallStreamObserver<WorkerMessage> out) {
        unproven.left(out);
        onSession(out, this::ended);
    }

    private void ended(GatewaySessions.Session session) {
        if (sessions.left(session)) {
            metrics.sessions(sessions.count());
            LOG.info("Gateway {} has left", session.gateway().getId());
        }
    }

    private void onSession(ServerCallStreamObserver<WorkerMessage> out, Consumer<GatewaySessions.Session> action) {
        GatewaySessions.Session session = sessions.of(out);
        if (session != null) {
            action.accept(session);
        }
    }

    private long nowMicros() {
        return TokenStreams.micros(clock);
    }
}
