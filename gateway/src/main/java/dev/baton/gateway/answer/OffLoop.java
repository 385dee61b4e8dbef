package dev.baton.gateway.answer;

import dev.baton.gateway.dispatch.Dispatcher.TokenSink;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Hands calls on in their order, one at a time, on threads of its own: for a sink whose calls take so long that other
 * requests of the loop would wait for it.
 */
final class OffLoop implements TokenSink {
    private final TokenSink sink;
    private final Executor threads;
    private final Queue<Runnable> calls = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();

    OffLoop(TokenSink sink, Executor threads) {
        this.sink = sink;
        this.threads = threads;
    }

    private void add(Runnable call) {
        calls.add(call);
        if (waiting.getAndIncrement() == 0) {
            threads.execute(this::drain);
        }
    }

    private void drain() {
        do {
            Runnable call = calls.poll();
            if (call != null) {
                run(call);
            }
        } while (waiting.decrementAndGet() > 0);
    }

    private void run(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            sink.failed(Failure.newBuilder()
                    .setCode(Failure.Code.ENGINE_FAILED)
                    .setMessage("the answer could not be made: " + e)
                    .build());
        }
    }

    @Override
    public Duration spentBefore() {
        return sink.spentBefore();
    }

    @Override
    public void rejected(Rejection rejection) {
        add(() -> sink.rejected(rejection));
    }

    @Override
    public void admitted() {
        add(sink::admitted);
    }

    @Override
    public void cached(int tokens) {
        add(() -> sink.cached(tokens));
    }

    @Override
    public void token(int index, int token, @Nullable TokenLogprob logprob) {
        add(() -> sink.token(index, token, logprob));
    }

    @Override
    public void finished(Finish.Reason reason) {
        add(() -> sink.finished(reason));
    }

    @Override
    public void failed(Failure failure) {
        add(() -> sink.failed(failure));
    }
}
