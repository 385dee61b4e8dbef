package dev.baton.cluster.streams;

import com.google.protobuf.ByteString;
import dev.baton.cluster.streams.StreamHandshake.StreamRefusal;
import dev.baton.cluster.streams.StreamHandshake.StreamRefusal.Reason;
import dev.baton.config.StreamProperties;
import dev.baton.protocol.ClusterSecret;
import dev.baton.protocol.v1.Challenge;
import dev.baton.protocol.v1.GatewayMessage;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Ping;
import dev.baton.protocol.v1.Pong;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerMessage;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gateway's stream to one worker id, over that worker's lives. Owned by the thread of {@link TokenStreams}.
 *
 * <p>A stream that lasted is opened again at once, another one after a pause. What tells the dead from the living is the answer: refused, or a new
 * epoch, is dead; the same epoch goes on; no answer in time is suspect. Each try has a number, so that what a given-up
 * try still reports is not heard.
 */
final class WorkerLink {
    /** Where the link stands. */
    private enum State {
        /** The worker has not proved itself on the current try. */
        OPENING,
        /** It has, and was heard lately. */
        UP,
        /** It has, and is silent. */
        SILENT,
        /** Refused; another try comes after a pause. */
        PAUSED
    }

    private static final Logger LOG = LoggerFactory.getLogger(WorkerLink.class);

    private final StreamProperties settings;
    private final GatewayRef gateway;
    private final StreamHandshake handshake;
    private final TokenStreams.Dialler dialler;
    private final StreamLoop owner;
    private final PeerClocks clocks;
    private final UnheardCancels cancels;
    private final WorkerLife life;
    private final StreamListener listener;
    private final StreamMetrics metrics;

    private WorkerState listed;
    private boolean isListed = true;
    private State state = State.PAUSED;
    private int tries;
    private @Nullable ManagedChannel channel;
    private @Nullable ClientCallStreamObserver<GatewayMessage> out;
    private @Nullable Meant meant;
    private boolean complained;
    private boolean works;
    /** A ping has gone out, and nothing was heard since. */
    private boolean asked;

    private long pingedAt;
    /** Since when it should have been heard: nothing counts as silence before something was asked. */
    private long unheardSince;

    private final Backoff backoff;

    /** @param live the workers that answer, as others see them: this link puts its worker there and removes it */
    WorkerLink(
            WorkerState listed,
            GatewayRef gateway,
            StreamHandshake handshake,
            TokenStreams.Dialler dialler,
            StreamProperties settings,
            StreamLoop owner,
            Map<WorkerRef, WorkerState> live,
            PeerClocks clocks,
            UnheardCancels cancels,
            StreamListener listener,
            StreamMetrics metrics) {
        this.listed = listed;
        this.gateway = gateway;
        this.handshake = handshake;
        this.dialler = dialler;
        this.settings = settings;
        this.owner = owner;
        this.clocks = clocks;
        this.cancels = cancels;
        this.life = new WorkerLife(listed, live, listener, metrics);
        this.listener = listener;
        this.metrics = metrics;
        this.backoff = new Backoff(settings);
    }

    /** Whom the hello of this try was for, and the challenge in it. */
    private record Meant(WorkerState state, ByteString nonce) {
        WorkerRef worker() {
            return state.getWorker();
        }
    }

    /** The life that answers or last answered; null: none so far, or known dead. */
    @Nullable
    WorkerRef worker() {
        return life.worker();
    }

    boolean up() {
        return state == State.UP;
    }

    /** Whether time must be looked at closely: it works for this gateway, does not stand, or owes an answer. */
    boolean watched() {
        return works || asked || state != State.UP;
    }

    /** Whether the worker has work of this gateway. The first is reason to ask at once whether it is there. */
    void works(boolean now) {
        if (now && !works && proved()) {
            ping(owner.nanoTime(), TokenStreams.micros(owner.clock()));
        }
        works = now;
    }

    /** It is not listed and does not answer. */
    boolean over() {
        return !isListed && life.worker() == null && state != State.UP && state != State.SILENT;
    }

    /** The registry's word; null: it is not listed. */
    void listed(@Nullable WorkerState now) {
        isListed = now != null;
        if (now != null) {
            boolean moved = now.getTokenPort() != listed.getTokenPort()
                    || !now.getHost().equals(listed.getHost())
                    || !now.getWorker().equals(listed.getWorker());
            listed = now;
            life.listed(now);
            if (moved && state != State.UP && state != State.SILENT) {
                open();
            }
        } else if (state != State.UP && state != State.SILENT) {
            life.died("no stream, and the registry lists it no more");
        }
    }

    /** Opens a new stream; what the one before still says is not heard. */
    void open() {
        drop();
        tries++;
        int mine = tries;
        if (state != State.OPENING) {
            unheardSince = owner.nanoTime();
        }
        state = State.OPENING;
        ManagedChannel fresh;
        try {
            fresh = dialler.dial(listed.getHost(), listed.getTokenPort());
        } catch (IllegalStateException e) {
            LOG.warn("TLS of token streams cannot be set up (baton.cluster.tls-bundle): {}", e.getMessage());
            pauseThenOpen();
            return;
        }
        channel = fresh;
        ClientCalls.asyncBidiStreamingCall(
                fresh.newCall(TokenStreamMethod.METHOD, CallOptions.DEFAULT), new Inbound(mine));
        owner.later(settings.connectTimeout(), () -> {
            if (tries == mine && state == State.OPENING) {
                pauseThenOpen();
            }
        });
    }

    void close() {
        tries++;
        drop();
        state = State.PAUSED;
    }

    /**
     * Dropped when the worker is not up in that life: what it misses, a resume makes good. For a cancel nothing would, so
     * that one goes out again.
     */
    void send(WorkerRef to, GatewayMessage message) {
        if (message.hasCancel()) {
            cancels.sent(to, message, TokenStreams.micros(owner.clock()));
        }
        if (out != null && to.equals(life.worker()) && state != State.OPENING && state != State.PAUSED) {
            out.onNext(message);
        }
    }

    /** Regular look at the time. */
    void tick(long now, long nowMicros) {
        long silent = watched() ? now - unheardSince : 0;
        if (state == State.UP && silent > settings.suspectAfter().toNanos()) {
            state = State.SILENT;
            life.suspect("no answer for " + TimeUnit.NANOSECONDS.toMillis(silent) + " ms");
        } else if (state != State.UP && silent > settings.suspectAfter().toNanos()) {
            life.suspect(
                    "its stream broke and no new one stands after " + TimeUnit.NANOSECONDS.toMillis(silent) + " ms");
        }
        boolean lost = silent
                > settings.connectTimeout().toNanos() + settings.suspectAfter().toNanos();
        if (state == State.SILENT && lost) {
            open();
        } else if (proved()
                && (works
                        || state != State.UP
                        || now - pingedAt >= settings.idlePingEvery().toNanos())) {
            ping(now, nowMicros);
        }
    }

    private void ping(long now, long nowMicros) {
        if (!asked && !works) {
            unheardSince = now;
        }
        if (out == null || !out.isReady()) {
            return;
        }
        asked = true;
        pingedAt = now;
        out.onNext(GatewayMessage.newBuilder()
                .setPing(Ping.newBuilder().setSentUs(nowMicros))
                .build());
    }

    /** The gateway itself has slept: silence in that time says nothing about the worker. */
    void resetSilence(long now) {
        unheardSince = now;
    }

    private void receive(int mine, WorkerMessage message) {
        if (mine != tries) {
            return;
        }
        switch (message.getMessageCase()) {
            case CHALLENGE -> challenged(message.getChallenge());
            case WELCOME -> welcomed(message.getWelcome());
            case FRAME, PONG -> {
                if (proved()) {
                    heard(message);
                }
            }
            case DECLINE -> {
                WorkerRef worker = life.worker();
                if (proved() && worker != null) {
                    listener.declined(worker, message.getDecline());
                }
            }
            case MESSAGE_NOT_SET -> {}
        }
    }

    /** Whether the worker has proved the secret on this try: nothing is taken from it before. */
    private boolean proved() {
        return state == State.UP || state == State.SILENT;
    }

    private void challenged(Challenge challenge) {
        if (state != State.OPENING || meant != null || out == null) {
            return;
        }
        meant = new Meant(listed, ClusterSecret.nonce());
        try {
            out.onNext(GatewayMessage.newBuilder()
                    .setHello(handshake.hello(gateway, meant.worker(), challenge.getNonce(), meant.nonce()))
                    .build());
        } catch (IllegalArgumentException e) {
            refuse(new StreamRefusal(Reason.VERSION, String.valueOf(e.getMessage())));
        }
    }

    private void welcomed(Welcome welcome) {
        if (state != State.OPENING || meant == null) {
            return;
        }
        Optional<StreamRefusal> refusal = handshake.refusal(welcome, meant.nonce(), meant.worker());
        if (refusal.isPresent()) {
            refuse(refusal.get());
            return;
        }
        unheardSince = owner.nanoTime();
        state = State.UP;
        backoff.stands(unheardSince);
        complained = false;
        life.welcomed(welcome.getWorker(), meant.state());
        cancels.again(welcome.getWorker()).forEach(cancel -> send(welcome.getWorker(), cancel));
        ping(unheardSince, TokenStreams.micros(owner.clock()));
    }

    /** The worker and this gateway do not belong together, as either of them has said. */
    private void refuse(StreamRefusal refusal) {
        metrics.refused(refusal.reason());
        if (!complained && refusal.reason() != Reason.EPOCH) {
            complained = true;
            LOG.warn(
                    "No token stream to worker {} at {}:{}: {}",
                    listed.getWorker().getId(),
                    listed.getHost(),
                    listed.getTokenPort(),
                    refusal.message());
        }
        life.died(refusal.message());
        pauseThenOpen();
    }

    private void heard(WorkerMessage message) {
        unheardSince = owner.nanoTime();
        asked = false;
        WorkerRef worker = life.worker();
        if (state == State.SILENT && worker != null) {
            state = State.UP;
            life.answersAgain();
        }
        if (message.hasFrame() && worker != null) {
            listener.progress(worker, message.getFrame().getProgressList());
        } else if (message.hasPong()) {
            Pong pong = message.getPong();
            long now = TokenStreams.micros(owner.clock());
            long micros = now - pong.getSentUs();
            if (worker != null) {
                cancels.answered(worker, pong.getSentUs());
                clocks.pong(worker, pong.getSentUs(), pong.getWorkerUs(), now);
            }
            metrics.roundTrip(Duration.of(Math.max(0, micros), ChronoUnit.MICROS));
        }
    }

    private void ended(int mine, Throwable failure) {
        if (mine != tries) {
            return;
        }
        boolean lasted = backoff.lasted(owner.nanoTime());
        Optional<Reason> refused = Reason.of(Status.fromThrowable(failure));
        if (TokenStreamMethod.portRefuses(failure)) {
            life.died("its port refuses connections");
            pauseThenOpen();
        } else if (refused.isPresent()) {
            refuse(new StreamRefusal(refused.get(), refused.get().asToldToGateways()));
        } else if (proved() && lasted) {
            open();
        } else {
            pauseThenOpen();
        }
    }

    private void pauseThenOpen() {
        if (state != State.OPENING) {
            unheardSince = owner.nanoTime();
        }
        drop();
        tries++;
        int mine = tries;
        state = State.PAUSED;
        owner.later(backoff.next(owner.random()), () -> {
            if (tries == mine) {
                reopenKeepingTime();
            }
        });
    }

    private void reopenKeepingTime() {
        long since = unheardSince;
        open();
        unheardSince = since;
    }

    private void drop() {
        out = null;
        meant = null;
        if (channel != null) {
            channel.shutdownNow();
            channel = null;
        }
    }

    /** Hands what gRPC's threads bring to the owner, with the number of the try it belongs to. */
    private final class Inbound implements ClientResponseObserver<GatewayMessage, WorkerMessage> {
        private final int mine;

        Inbound(int mine) {
            this.mine = mine;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<GatewayMessage> call) {
            out = call;
        }

        @Override
        public void onNext(WorkerMessage message) {
            owner.execute(() -> receive(mine, message));
        }

        @Override
        public void onError(Throwable failure) {
            owner.execute(() -> ended(mine, failure));
        }

        @Override
        public void onCompleted() {
            owner.execute(() -> ended(mine, Status.UNAVAILABLE.asRuntimeException()));
        }
    }
}
