package dev.baton.gateway;

import dev.baton.control.GenerationRequest;
import dev.baton.control.TokenIds;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.dispatch.Dispatcher.RequestHandle;
import dev.baton.gateway.dispatch.Dispatcher.TokenSink;
import dev.baton.gateway.dispatch.Recovery;
import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.gateway.dispatch.WorkerBits;
import dev.baton.protocol.v1.Finish;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The other side of the seam: hands each dispatched request to the test, which then plays the workers. */
final class ScriptedDispatcher implements Dispatcher {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();
    private volatile @Nullable Consumer<Call> script;
    private volatile int context = Integer.MAX_VALUE;
    private volatile Set<WorkerBits> bits = Set.of();

    /** Plays every later request at once, on the thread that starts it. */
    void plays(@Nullable Consumer<Call> each) {
        script = each;
    }

    @Override
    public RequestHandle prepare(GenerationRequest submission, TokenSink sink) {
        return new Call(submission, sink, this::started);
    }

    @Override
    public CompletionStage<RequestHandle> resume(GenerationRequest submission, TokenIds accepted, TokenSink sink) {
        return CompletableFuture.completedStage(prepare(submission, sink));
    }

    @Override
    public boolean exact() {
        return true;
    }

    /** As if these were the workers; none until it is called. */
    void has(WorkerBits... workers) {
        bits = Set.of(workers);
    }

    @Override
    public Set<WorkerBits> bits(String model) {
        return bits;
    }

    /** As if the smallest worker held this many tokens. */
    void holds(int tokens) {
        context = tokens;
    }

    @Override
    public int maxContext(String model) {
        return context;
    }

    private void started(Call call) {
        calls.add(call);
        Consumer<Call> player = script;
        if (player != null) {
            player.accept(call);
        }
    }

    /** The next request that was dispatched. */
    Call next() throws InterruptedException {
        Call call = calls.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        if (call == null) {
            throw new AssertionError("no request was dispatched within " + LIMIT);
        }
        return call;
    }

    boolean idle() {
        return calls.isEmpty();
    }

    /** Keeps the script. */
    void forgetCalls() {
        calls.clear();
    }

    void forget() {
        calls.clear();
        script = null;
        context = Integer.MAX_VALUE;
        bits = Set.of();
    }

    /** One dispatched request. */
    static final class Call implements RequestHandle {
        final GenerationRequest submission;
        final TokenSink sink;
        private final Consumer<Call> started;
        private final CountDownLatch cancelled = new CountDownLatch(1);
        private final CountDownLatch completed = new CountDownLatch(1);
        private volatile List<Recovery> recoveries = List.of();
        private int index;

        Call(GenerationRequest submission, TokenSink sink, Consumer<Call> started) {
            this.submission = submission;
            this.sink = sink;
            this.started = started;
        }

        Call admits() {
            sink.admitted();
            return this;
        }

        Call says(int... tokens) {
            for (int token : tokens) {
                sink.token(index++, token, null);
            }
            return this;
        }

        /** As if workers had been lost. */
        Call recovered(Recovery... each) {
            recoveries = List.of(each);
            return this;
        }

        /** Before the first token. */
        Call found(int cached) {
            sink.cached(cached);
            return this;
        }

        void finishes(Finish.Reason reason) {
            sink.finished(reason);
        }

        boolean awaitCancelled() throws InterruptedException {
            return cancelled.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        }

        boolean awaitCompleted() throws InterruptedException {
            return completed.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        }

        boolean wasCancelled() {
            return cancelled.getCount() == 0;
        }

        @Override
        public void start() {
            started.accept(this);
        }

        @Override
        public void handedOver() {
            cancelled.countDown();
        }

        @Override
        public void cancel() {
            cancelled.countDown();
        }

        @Override
        public void complete() {
            completed.countDown();
        }

        @Override
        public TtftBreakdown timing() {
            return new TtftBreakdown(
                    Duration.ofNanos(1_500_000),
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    null,
                    Duration.ofMillis(7),
                    1,
                    recoveries);
        }
    }
}
