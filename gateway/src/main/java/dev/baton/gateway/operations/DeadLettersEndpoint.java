package dev.baton.gateway.operations;

import dev.baton.cluster.lanes.DeadLetters.DeadLetter;
import dev.baton.gateway.dispatch.DeadRequests;
import dev.baton.protocol.v1.Generation;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.http.HttpStatus;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** {@code /actuator/dlq}: records that could not be handled and requests taken to kill workers; one of them run once more. */
@Endpoint(id = "dlq")
public class DeadLettersEndpoint {
    private static final int SHOWN = 50;
    private static final int MOST = 1_000;
    private static final Duration WITHIN = Duration.ofSeconds(10);
    private static final Duration LONGEST = Duration.ofMinutes(10);

    private final DeadRequests dead;

    DeadLettersEndpoint(DeadRequests dead) {
        this.dead = dead;
    }

    /**
     * A dead letter.
     *
     * @param model null when the record could not be read at all, like {@code accepted} and {@code maxTokens}
     * @param redrivable it was kept with its prompt
     */
    public record Letter(
            long offset,
            Instant at,
            String request,
            String topic,
            int deliveries,
            String why,
            @Nullable String model,
            @Nullable Integer accepted,
            @Nullable Integer maxTokens,
            boolean redrivable) {
        static Letter of(DeadLetter letter) {
            Generation request = letter.request();
            return new Letter(
                    letter.offset(),
                    letter.at(),
                    letter.requestId(),
                    letter.topic(),
                    letter.deliveries(),
                    letter.why(),
                    request == null ? null : request.getModel(),
                    request == null ? null : request.getAcceptedCount(),
                    request == null ? null : request.getStopping().getMaxTokens(),
                    letter.hasPrompt());
        }
    }

    /** @param most newest ones, up to a thousand; null for {@value #SHOWN} */
    @ReadOperation
    public Mono<Map<String, List<Letter>>> letters(@Nullable Integer most) {
        int count = Math.clamp(most == null ? SHOWN : most, 1, MOST);
        return blocking(() ->
                Map.of("letters", dead.list(count).stream().map(Letter::of).toList()));
    }

    @ReadOperation
    public Mono<WebEndpointResponse<Object>> letter(@Selector long offset) {
        return blocking(() -> dead.find(offset)
                .map(letter -> Answers.of(Letter.of(letter)))
                .orElseGet(() -> Answers.problem(
                        HttpStatus.NOT_FOUND, "There is no dead letter at offset " + offset + ", or none any more.")));
    }

    /**
     * Runs the request once more, for nobody, and says what came of it.
     *
     * @param within its deadline, at most ten minutes; null for ten seconds
     */
    @WriteOperation
    public Mono<WebEndpointResponse<Object>> redrive(@Selector long offset, @Nullable Duration within) {
        Duration limit = within == null ? WITHIN : within;
        if (!limit.isPositive() || limit.compareTo(LONGEST) > 0) {
            return Mono.just(Answers.problem(
                    HttpStatus.BAD_REQUEST, "within must be above 0 and at most " + LONGEST + ", not " + limit));
        }
        return blocking(() -> dead.redrive(offset, limit))
                .flatMap(Mono::fromCompletionStage)
                .timeout(limit.plus(WITHIN))
                .map(outcome -> Answers.of((Object) outcome))
                .onErrorResume(
                        NoSuchElementException.class,
                        e -> Mono.just(Answers.problem(HttpStatus.NOT_FOUND, String.valueOf(e.getMessage()))))
                .onErrorResume(
                        IllegalStateException.class,
                        e -> Mono.just(Answers.problem(HttpStatus.CONFLICT, String.valueOf(e.getMessage()))))
                .onErrorResume(
                        TimeoutException.class,
                        e -> Mono.just(Answers.problem(
                                HttpStatus.GATEWAY_TIMEOUT,
                                "It did not end within " + limit + ", and may still run.")));
    }

    /** Kafka is read on a thread that may wait. */
    private static <T> Mono<T> blocking(Callable<T> read) {
        return Mono.fromCallable(read).subscribeOn(Schedulers.boundedElastic());
    }
}
