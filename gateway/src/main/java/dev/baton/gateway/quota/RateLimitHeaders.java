package dev.baton.gateway.quota;

import dev.baton.cluster.quotas.Standing;
import dev.baton.control.quota.Taken;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** OpenAI's {@code x-ratelimit-*}: of the tenant or of the key, whichever has less left. What is not limited has none. */
public final class RateLimitHeaders {
    public static final List<String> NAMES = Stream.of("requests", "tokens")
            .flatMap(of -> Stream.of("limit", "remaining", "reset").map(part -> name(part, of)))
            .toList();

    private RateLimitHeaders() {}

    static Map<String, String> of(List<Standing> standings) {
        Map<String, String> headers = new HashMap<>();
        long fewest = Long.MAX_VALUE;
        for (Standing standing : standings) {
            long limit = standing.limits().requestsPerMinute();
            long left = standing.taken().remainingRequests(standing.limits());
            if (limit > 0 && left < fewest) {
                fewest = left;
                put(headers, "requests", limit, left, standing.taken().resetRequests(standing.limits()));
            }
        }
        fewest = Long.MAX_VALUE;
        for (Standing standing : standings) {
            Taken taken = standing.taken();
            long limit = standing.limits().tokensPerMinute();
            long left = taken.remainingTokens(standing.limits());
            if (limit > 0 && left < fewest) {
                fewest = left;
                put(headers, "tokens", limit, left, taken.resetTokens(standing.limits()));
            }
        }
        return headers;
    }

    private static void put(Map<String, String> headers, String of, long limit, long left, Duration reset) {
        headers.put(name("limit", of), Long.toString(limit));
        headers.put(name("remaining", of), Long.toString(left));
        headers.put(name("reset", of), duration(reset));
    }

    private static String name(String part, String of) {
        return "x-ratelimit-" + part + "-" + of;
    }

    /** As OpenAI writes it: {@code 0s}, {@code 120ms}, {@code 1.5s}, {@code 6m0s}. */
    static String duration(Duration duration) {
        long millis = duration.toMillis();
        if (millis > 0 && millis < 1_000) {
            return millis + "ms";
        }
        String seconds =
                BigDecimal.valueOf(millis % 60_000, 3).stripTrailingZeros().toPlainString() + "s";
        return millis < 60_000 ? seconds : millis / 60_000 + "m" + seconds;
    }
}
