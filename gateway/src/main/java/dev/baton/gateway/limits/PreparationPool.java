package dev.baton.gateway.limits;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Where requests are parsed and encoded: a short body at once, on the event loop that read it; a long one on a few
 * threads of its own with a bounded queue, so that no connection waits behind another's long prompt.
 */
public final class PreparationPool implements AutoCloseable {
    private static final int AT_ONCE = 8 * 1024;
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final Scheduler threads;

    /** @param queue how many bodies may wait per thread */
    public PreparationPool(int threads, int queue) {
        this.threads = Schedulers.newBoundedElastic(threads, queue, "baton-prepare", 60, true);
    }

    public <T> Mono<T> run(int bodyBytes, Callable<T> work) {
        Mono<T> mono = Mono.fromCallable(work);
        if (bodyBytes <= AT_ONCE) {
            return mono;
        }
        return mono.subscribeOn(threads)
                .onErrorMap(
                        RejectedExecutionException.class,
                        e -> new ApiException(
                                ApiError.overloaded("Too many long prompts are being read at once.", RETRY)));
    }

    @Override
    public void close() {
        threads.dispose();
    }
}
