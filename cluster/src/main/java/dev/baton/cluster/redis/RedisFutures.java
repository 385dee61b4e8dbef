package dev.baton.cluster.redis;

import java.time.Duration;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import reactor.core.publisher.Mono;

/** Turns a question to Redis into a stage that always completes: with the answer, or with a failure in time. */
public final class RedisFutures {
    private RedisFutures() {}

    /** Asks now. Fails when there is no answer within {@code timeout}, or none at all. */
    public static <T> CompletionStage<T> within(Duration timeout, Mono<T> question) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        question.timeout(timeout)
                .subscribe(
                        answer::complete,
                        answer::completeExceptionally,
                        () -> answer.completeExceptionally(new NoSuchElementException("Redis gave no value")));
        return answer;
    }
}
