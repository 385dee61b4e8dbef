package dev.baton.cluster.streams;

import com.google.protobuf.ByteString;
import dev.baton.cluster.streams.StreamHandshake.StreamRefusal;
import dev.baton.cluster.tls.ClusterTls;
import dev.baton.config.ClusterProperties;
import dev.baton.config.StreamProperties;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.UntrustedName;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Challenge;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.GatewayMessage;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    /** A connection on which nobody calls is closed after this. */
    private static final Duration NO_CALL_LIMIT = Duration.ofSeconds(10);

    private final Welcome welcome;
    private final StreamHandshake handshake;
    private final StreamProperties settings;
    private final StreamHandler handler;
    private final StreamMetrics metrics;
    private final EventLoop owner = new EventLoop("token-stream-server");
    private final Map<String, GatewaySession> sessions = new HashMap<>();
    /** Calls that have proved nothing yet, with the challenge that each was given. */
    private final Map<ServerCallStreamObserver<WorkerMessage>, ByteString> unauthenticated = new IdentityHashMap<>();

    private final LinkedHashMap<String, ReplayBuffer> kept = new LinkedHashMap<>();
    private final Map<String, Long> leftAt = new HashMap<>();
    private final Complaints complaints = new Complaints();
    private UnaryOperator<NettyServerBuilder> transport = UnaryOperator.identity();
    private @Nullable Server server;

    /** @param welcome who the worker is; the proof is added for each gateway */
    public TokenStreamServer(
            Welcome welcome,
            ClusterProperties cluster,
            StreamProperties settings,
            StreamHandler handler,
            StreamMetrics metrics) {
        this.welcome = welcome;
        this.handshake = new StreamHandshake(cluster);
        this.settings = settings;
        this.handler = handler;
        this.metrics = metrics;
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
        owner.every(settings.keepUnacknowledged().dividedBy(4), this::expire);
        return started.getPort();
    }

    /** What one engine step has for one gateway. Returns at once. Any thread; one caller's frames keep their order. */
    public void send(String gateway, TokenFrame frame) {
        owner.run(() -> keepAndSend(gateway, frame));
    }

    /** Ends all streams. Kept tokens are lost, so this is for a worker that has finished or handed back its work. */
    @Override
    public void close() {
        owner.run(() -> {
            sessions.values().forEach(session -> session.close(Status.UNAVAILABLE.withDescription("shutting down")));
            sessions.clear();
        });
        owner.close();
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

    private StreamObserver<GatewayMessage> attach(StreamObserver<WorkerMessage> response) {
        ServerCallStreamObserver<WorkerMessage> out = (ServerCallStreamObserver<WorkerMessage>) response;
        out.setOnReadyHandler(() -> owner.run(() -> onSession(out, this::drained)));
        out.setOnCancelHandler(() -> owner.run(() -> left(out)));
        owner.run(() -> challenge(out));
        owner.later(settings.connectTimeout(), () -> rejectUnidentified(out));
        return new StreamObserver<>() {
            @Override
            public void onNext(GatewayMessage message) {
                owner.run(() -> receive(out, message));
            }

            @Override
            public void onError(Throwable failure) {
                owner.run(() -> left(out));
            }

            @Override
            public void onCompleted() {
                owner.run(() -> {
                    left(out);
                    out.onCompleted();
                });
            }
        };
    }

    private void receive(ServerCallStreamObserver<WorkerMessage> out, GatewayMessage message) {
        switch (message.getMessageCase()) {
            case HELLO -> welcome(out, message.getHello());
            case CANCEL ->
                onSession(
                        out,
                        session -> cancel(
                                message.getCancel().getRequestId(),
                                message.getCancel().getAttempt()));
            case RESUME -> onSession(out, session -> resume(session, message.getResume()));
            case ACKNOWLEDGE ->
                onSession(
                        out,
                        session -> acknowledge(
                                message.getAcknowledge().getRequestId(),
                                message.getAcknowledge().getAttempt(),
                                message.getAcknowledge().getNextIndex()));
            case PING -> onSession(out, session -> pong(session, message.getPing()));
            case MESSAGE_NOT_SET -> LOG.warn("A gateway sent a message this version does not know; it is ignored");
        }
    }

    private void challenge(ServerCallStreamObserver<WorkerMessage> out) {
        ByteString nonce = ClusterSecret.nonce();
        unauthenticated.put(out, nonce);
        out.onNext(WorkerMessage.newBuilder()
                .setChallenge(Challenge.newBuilder().setNonce(nonce))
                .build());
    }

    private void welcome(ServerCallStreamObserver<WorkerMessage> out, Hello hello) {
        ByteString challenge = unauthenticated.remove(out);
        if (challenge == null) {
            return; // A second hello, or one that came too late.
        }
        Optional<StreamRefusal> refusal = handshake.refusal(hello, challenge, welcome.getWorker());
        if (refusal.isPresent()) {
            refuse(out, hello, refusal.get());
            return;
        }
        GatewaySession session =
                new GatewaySession(hello.getGateway(), out, settings.maxUnsent().toBytes());
        GatewaySession before = sessions.put(hello.getGateway(), session);
        if (before != null) {
            before.close(Status.ABORTED.withDescription("a newer stream of this gateway has taken its place"));
        }
        leftAt.remove(hello.getGateway());
        metrics.sessions(sessions.size());
        send(
                session,
                WorkerMessage.newBuilder()
                        .setWelcome(handshake.welcome(welcome, hello))
                        .build());
        LOG.info("Gateway {} is attached", hello.getGateway());
    }

    private void refuse(ServerCallStreamObserver<WorkerMessage> out, Hello hello, StreamRefusal refusal) {
        metrics.refused(refusal.reason());
        if (refusal.reason() != StreamRefusal.Reason.EPOCH && complaints.allowed()) {
            LOG.warn(
                    "A caller that says it is gateway {} is refused: {}",
                    UntrustedName.printable(hello.getGateway()),
                    refusal.message());
        }
        out.onError(refusal.status().asException());
    }

    private void keepAndSend(String gateway, TokenFrame frame) {
        long now = System.nanoTime();
        List<Progress> current = new ArrayList<>(frame.getProgressCount());
        for (Progress progress : frame.getProgressList()) {
            if (keep(gateway, progress, now)) {
                current.add(progress);
            }
        }
        GatewaySession session = sessions.get(gateway);
        if (session != null && !current.isEmpty()) {
            TokenFrame sent = current.size() == frame.getProgressCount()
                    ? frame
                    : frame.toBuilder().clearProgress().addAllProgress(current).build();
            send(session, WorkerMessage.newBuilder().setFrame(sent).build());
        }
        metrics.kept(kept.size());
    }

    private boolean keep(String gateway, Progress progress, long now) {
        Attempt attempt = progress.getAttempt();
        ReplayBuffer of = kept.get(progress.getRequestId());
        if (of != null && of.attempt().getNumber() > attempt.getNumber()) {
            return false;
        }
        if (of == null || !of.attempt().equals(attempt)) {
            of = new ReplayBuffer(attempt, gateway);
            kept.put(progress.getRequestId(), of);
            makeRoom();
        }
        of.add(progress);
        of.touch(now);
        return true;
    }

    private void makeRoom() {
        Iterator<ReplayBuffer> oldest = kept.values().iterator();
        while (kept.size() > settings.maxKept() && oldest.hasNext()) {
            if (oldest.next().ended()) {
                oldest.remove();
            }
        }
    }

    private void cancel(String requestId, Attempt attempt) {
        ReplayBuffer of = kept.get(requestId);
        if (of != null && of.attempt().equals(attempt)) {
            kept.remove(requestId);
        }
        metrics.cancelled();
        handler.cancel(requestId, attempt);
    }

    private void resume(GatewaySession session, Resume resume) {
        ReplayBuffer of = kept.get(resume.getRequestId());
        TokenFrame.Builder frame = TokenFrame.newBuilder().setMadeUs(nowMicros());
        if (of == null || !of.attempt().equals(resume.getAttempt()) || !of.reachesBackTo(resume.getNextIndex())) {
            frame.addProgress(Progress.newBuilder()
                    .setRequestId(resume.getRequestId())
                    .setAttempt(resume.getAttempt())
                    .setFirstIndex(resume.getNextIndex())
                    .setFailure(Failure.newBuilder()
                            .setCode(Failure.Code.UNKNOWN_REQUEST)
                            .setMessage("this worker keeps no such tokens")));
        } else {
            of.touch(System.nanoTime());
            frame.addAllProgress(of.from(resume.getRequestId(), resume.getNextIndex()));
        }
        metrics.resumed();
        send(session, WorkerMessage.newBuilder().setFrame(frame).build());
    }

    private void acknowledge(String requestId, Attempt attempt, int nextIndex) {
        ReplayBuffer of = kept.get(requestId);
        if (of != null && of.attempt().equals(attempt)) {
            of.touch(System.nanoTime());
            if (of.acknowledge(nextIndex)) {
                kept.remove(requestId);
            }
        }
    }

    private void pong(GatewaySession session, Ping ping) {
        send(
                session,
                WorkerMessage.newBuilder()
                        .setPong(Pong.newBuilder().setSentUs(ping.getSentUs()).setWorkerUs(nowMicros()))
                        .build());
    }

    private void send(GatewaySession session, WorkerMessage message) {
        if (!session.send(message)) {
            LOG.warn(
                    "Gateway {} has not read {} bytes of tokens (baton.stream.max-unsent): its stream is closed",
                    session.gateway(),
                    session.unsentBytes());
            session.close(Status.RESOURCE_EXHAUSTED.withDescription("the gateway does not read its stream"));
            ended(session);
        }
    }

    /** Drops what has waited too long, and ends work whose gateway is gone. */
    private void expire() {
        long before = System.nanoTime() - settings.keepUnacknowledged().toNanos();
        List<Map.Entry<String, ReplayBuffer>> old = new ArrayList<>();
        for (Map.Entry<String, ReplayBuffer> entry : kept.entrySet()) {
            ReplayBuffer of = entry.getValue();
            boolean attached = sessions.containsKey(of.gateway());
            if (of.ended() ? of.touched() < before : !attached && away(of.gateway(), before)) {
                old.add(entry);
            }
        }
        for (Map.Entry<String, ReplayBuffer> entry : old) {
            kept.remove(entry.getKey());
            if (!entry.getValue().ended()) {
                LOG.info(
                        "Request {} ends: its gateway {} stays away",
                        entry.getKey(),
                        entry.getValue().gateway());
                handler.cancel(entry.getKey(), entry.getValue().attempt());
            }
        }
        metrics.kept(kept.size());
    }

    private boolean away(String gateway, long before) {
        return leftAt.computeIfAbsent(gateway, absent -> System.nanoTime()) < before;
    }

    /** Ends a call that has not sent its hello in time. */
    private void rejectUnidentified(ServerCallStreamObserver<WorkerMessage> out) {
        if (unauthenticated.remove(out) != null && !out.isCancelled()) {
            if (complaints.allowed()) {
                LOG.warn("A caller has not sent its hello within {} and is rejected", settings.connectTimeout());
            }
            out.onError(Status.DEADLINE_EXCEEDED
                    .withDescription("no hello within " + settings.connectTimeout())
                    .asException());
        }
    }

    private void left(ServerCallStreamObserver<WorkerMessage> out) {
        unauthenticated.remove(out);
        onSession(out, this::ended);
    }

    private void drained(GatewaySession session) {
        session.drain();
    }

    private void ended(GatewaySession session) {
        if (sessions.remove(session.gateway(), session)) {
            leftAt.put(session.gateway(), System.nanoTime());
            metrics.sessions(sessions.size());
            LOG.info("Gateway {} has left", session.gateway());
        }
    }

    private void onSession(ServerCallStreamObserver<WorkerMessage> out, Consumer<GatewaySession> action) {
        for (GatewaySession session : sessions.values()) {
            if (session.is(out)) {
                action.accept(session);
                return;
            }
        }
    }

    private static long nowMicros() {
        return TokenStreams.epochMicros();
    }
}
