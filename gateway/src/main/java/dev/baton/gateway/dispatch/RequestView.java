package dev.baton.gateway.dispatch;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request as an operator sees it: what it asks for in numbers, never its text.
 *
 * @param request its id
 * @param state phase in lower case while it runs, then how it ended: stop, length, completed, cancelled, or a code
 * @param started when it was prepared
 * @param millis since then, or until its end
 * @param promptTokens tokens of its prompt; {@code cachedTokens} of these were found in a cache, {@code tokens} have been
 *     accepted
 * @param attempts each try, oldest first; the last {@value RequestJournal#MOST_ATTEMPTS}
 * @param recoveries how it went on after an attempt was struck; the last {@value Recoveries#MOST} that are over
 * @param ttft where the time to its first token went; null before there is one
 */
public record RequestView(
        String request,
        String tenant,
        String model,
        String state,
        Instant started,
        long millis,
        int promptTokens,
        int cachedTokens,
        int tokens,
        List<AttemptView> attempts,
        List<Recovery> recoveries,
        @Nullable Waterfall ttft) {
    /**
     * One try.
     *
     * @param fromMillis when it was routed, after {@code started}; {@code untilMillis} when it was given up or ended, null
     *     while it runs
     * @param prefill worker that computes the prompt; null when {@code decode} does
     * @param accepted tokens that it began with, and that its workers had to keep
     * @param expectedCached tokens thought to be in the cache of its first worker
     * @param lost why it was given up, and {@code fault} what that is booked to; null when it was not
     */
    public record AttemptView(
            int number,
            long fromMillis,
            @Nullable Long untilMillis,
            @Nullable String prefill,
            String decode,
            int accepted,
            int expectedCached,
            @Nullable String lost,
            @Nullable String fault) {}

    /**
     * Time to first token, in parts that follow each other and add up to it.
     *
     * @param totalMicros the request's head received until its first token was accepted
     * @param parts with whose clock took each
     * @param afterwards what came behind the first token, which no client waits for: handoff, transfer and the part of
     *     it that was not hidden, in microseconds
     */
    public record Waterfall(long totalMicros, List<Part> parts, List<Part> afterwards) {}

    /** @param measured by the gateway, by a worker, or between both, where the clocks' difference is taken off */
    public record Part(String part, long micros, String measured) {}
}
