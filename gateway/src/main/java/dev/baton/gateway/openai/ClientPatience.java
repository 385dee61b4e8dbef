package dev.baton.gateway.openai;

import java.math.BigDecimal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * How long a client waits, as its library says in headers, within the limit of any request.
 *
 * <p>{@code X-Stainless-Timeout} (openai-node, openai-java) is the time to a whole answer, or to the headers of a stream:
 * openai-node stops its clock when they arrive. {@code X-Stainless-Read-Timeout} (openai-python, openai-java) is the
 * longest silence, and nothing is sent before a whole answer is done.
 *
 * @param limit of any request
 * @param answer until a whole answer, or the headers of a stream
 * @param silence between the bytes of a stream
 */
record ClientPatience(Duration limit, Duration answer, Duration silence) {
    private static final Duration SHORTEST = Duration.ofMillis(1);

    static ClientPatience of(HttpHeaders headers, Duration limit) {
        Duration total = seconds(headers.getFirst("X-Stainless-Timeout"), limit);
        Duration silence = seconds(headers.getFirst("X-Stainless-Read-Timeout"), limit);
        return new ClientPatience(limit, total.compareTo(silence) < 0 ? total : silence, silence);
    }

    /** How long the generation may take. */
    Duration generation(boolean stream) {
        return stream ? limit : answer;
    }

    /** What is no number of seconds above zero says nothing. */
    private static Duration seconds(@Nullable String given, Duration limit) {
        if (given == null) {
            return limit;
        }
        try {
            BigDecimal seconds = new BigDecimal(given.strip());
            if (seconds.signum() <= 0 || seconds.compareTo(BigDecimal.valueOf(limit.toSeconds())) > 0) {
                return limit;
            }
            Duration wait = Duration.ofMillis(seconds.movePointRight(3).longValue());
            return wait.compareTo(SHORTEST) < 0 ? SHORTEST : wait;
        } catch (NumberFormatException notANumber) {
            return limit;
        }
    }
}
