package dev.baton.gateway.dispatch;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How a request went on after an attempt at it had died, was given up, or was overtaken while its worker was silent. Times
 * are milliseconds by this gateway's clock since the last token that it had, or since it was prepared when it had none; null
 * for what was not reached or not said.
 *
 * @param attempt number of the attempt that went on
 * @param phase that the struck attempt was in
 * @param rung where most of the KV came from that was found: pool, peer, cache, or prefill for none; "none" where no worker
 *     had begun the request, so that nothing was lost
 * @param tokens known when the attempt began: prompt and accepted ones
 * @param recomputed of these, whose KV is computed again
 * @param detectedMillis when the attempt before was given up, or this one was begun beside it
 * @param claimedMillis when this gateway heard of a worker that had begun it
 * @param restoredMillis when this gateway heard that what was found is in place
 * @param firstTokenMillis when its first token was accepted; null when it was given up too, or the request ended
 */
public record Recovery(
        int attempt,
        String phase,
        @Nullable String rung,
        int tokens,
        int recomputed,
        long detectedMillis,
        @Nullable Long claimedMillis,
        @Nullable Long restoredMillis,
        @Nullable Long firstTokenMillis) {
    /** No worker had begun the request. */
    static final String NOTHING_LOST = "none";

    public Recovery {
        if (attempt < 2 || recomputed < 0 || recomputed > tokens) {
            throw new IllegalArgumentException(
                    "attempt %d computes %d of %d tokens again".formatted(attempt, recomputed, tokens));
        }
    }

    /** It got to its first token, and most of what was known was computed again on the way. */
    boolean recomputedMost() {
        return firstTokenMillis != null && recomputed > tokens - recomputed;
    }

    /** For a log line. */
    public String describe() {
        return String.format(
                Locale.ROOT,
                "attempt %d from %s by %s, %d of %d tokens again, ms detected %d claimed %s restored %s token %s",
                attempt,
                phase,
                shown(rung),
                recomputed,
                tokens,
                detectedMillis,
                shown(claimedMillis),
                shown(restoredMillis),
                shown(firstTokenMillis));
    }

    private static String shown(@Nullable Object value) {
        return value == null ? "-" : value.toString();
    }
}
