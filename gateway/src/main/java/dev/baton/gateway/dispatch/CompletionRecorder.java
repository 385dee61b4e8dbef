package dev.baton.gateway.dispatch;

import dev.baton.protocol.v1.UsageEvent;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is left of a choice that ended: metrics, a usage event, and a line for those who debug. Any thread. */
final class CompletionRecorder {
    private static final Logger LOG = LoggerFactory.getLogger(CompletionRecorder.class);

    private final DispatchMetrics metrics;
    private final UsageEvents usage;
    private final Clock clock;

    CompletionRecorder(DispatchMetrics metrics, UsageEvents usage, Clock clock) {
        this.metrics = metrics;
        this.usage = usage;
        this.clock = clock;
    }

    /**
     * How a request ended.
     *
     * @param outcome stop, length, completed, cancelled, or the failure's or refusal's code in lower case
     */
    record End(
            String outcome,
            int attempts,
            int cachedTokens,
            int tokens,
            @Nullable Instant firstToken) {}

    DispatchMetrics metrics() {
        return metrics;
    }

    void ended(AdmittedRequest request, End end, TtftBreakdown timing) {
        Instant now = clock.instant();
        metrics.ended(end.outcome());
        metrics.handedOff(timing);
        if (end.firstToken() != null && end.tokens() > 1) {
            metrics.perToken(Duration.between(end.firstToken(), now).dividedBy(end.tokens() - 1L));
        }
        LOG.debug(
                "request {} {}: model {}, prompt {} ({} cached), {} tokens, {} attempts, first token {} ms, total {} ms",
                request.id(),
                end.outcome(),
                request.submission().model(),
                request.submission().prompt().length,
                end.cachedTokens(),
                end.tokens(),
                end.attempts(),
                millis(timing.total()),
                Duration.between(request.at(), now).toMillis());
        if (end.tokens() > 0) {
            usage.publish(event(request, end, now));
        }
    }

    private static UsageEvent event(AdmittedRequest request, End end, Instant now) {
        return UsageEvent.newBuilder()
                .setRequestId(request.id())
                .setTenant(request.submission().tenant())
                .setModel(request.submission().model())
                .setPromptTokens(request.submission().prompt().length)
                .setCachedTokens(end.cachedTokens())
                .setCompletionTokens(end.tokens())
                .setFinishReason(end.outcome())
                .setStartedMs(request.at().toEpochMilli())
                .setFinishedMs(now.toEpochMilli())
                .setAttempts(end.attempts())
                .build();
    }

    private static String millis(@Nullable Duration duration) {
        return duration == null ? "-" : Long.toString(duration.toMillis());
    }
}
