package dev.baton.gateway.dispatch;

import dev.baton.cluster.tracing.Tracing;
import dev.baton.control.Effect;
import dev.baton.control.GenerationRequest;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.UsageEvent;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Records each generation that ended: metrics, spans, a usage event, and a line at DEBUG. Any thread. */
final class CompletionRecorder {
    private static final Logger LOG = LoggerFactory.getLogger(CompletionRecorder.class);

    static final String HANDED_OVER = "handed_over";

    /** Outcomes of requests that another gateway goes on with, and reports. */
    static final Set<String> ELSEWHERE =
            Set.of(HANDED_OVER, Failure.Code.SUPERSEDED.name().toLowerCase(Locale.ROOT));

    private static final Duration[] RECOVERY_BUCKETS = LongStream.of(
                    5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000)
            .mapToObj(Duration::ofMillis)
            .toArray(Duration[]::new);

    private final MeterRegistry meters;
    /** There from the start, or an alert on its increase would not see the first one. */
    private final Counter differences;

    private final UsageEvents usage;
    private final RequestViews views;
    private final RecomputeAlarm alarm;
    private final Tracing tracing;
    private final Clock clock;

    CompletionRecorder(
            MeterRegistry meters,
            UsageEvents usage,
            RequestViews views,
            RecomputeAlarm alarm,
            Tracing tracing,
            Clock clock) {
        this.meters = meters;
        this.differences = meters.counter("baton.dispatch.differences");
        this.alarm = alarm;
        this.usage = usage;
        this.views = views;
        this.tracing = tracing;
        this.clock = clock;
    }

    /** Of a request that begins. */
    AttemptSpans spans(GenerationRequest request) {
        return new AttemptSpans(tracing, request);
    }

    /**
     * How a generation ended.
     *
     * @param started when it was prepared
     * @param outcome stop, length, completed, cancelled, or the failure's or refusal's code in lower case
     */
    record End(Instant started, String outcome, int attempts, int cachedTokens, int tokens) {}

    /** It was not let in. */
    void rejected(Rejection.Reason reason) {
        countEnd(reason.name().toLowerCase(Locale.ROOT));
    }

    /** An attempt was given up. */
    void lostAttempt(String requestId, Effect.NoteLostAttempt lost) {
        LOG.info(
                "request {} gives up attempt {} ({}): {}",
                requestId,
                lost.attempt().getNumber(),
                lost.fault().kind(),
                lost.why());
        meters.counter(
                        "baton.dispatch.attempts.lost",
                        "phase",
                        lost.phase().name().toLowerCase(Locale.ROOT),
                        "fault",
                        lost.fault().kind())
                .increment();
    }

    /** A recovery is over: its attempt brought a token, was given up too, or the request ended. */
    void recovered(Recovery recovery) {
        step("detected", recovery.detectedMillis());
        step("claimed", recovery.claimedMillis());
        step("restored", recovery.restoredMillis());
        step("first_token", recovery.firstTokenMillis());
        if (recovery.firstTokenMillis() == null) {
            return;
        }
        String rung = recovery.rung() == null ? "unknown" : recovery.rung();
        meters.counter("baton.dispatch.recoveries", "rung", rung).increment();
        meters.counter("baton.dispatch.recomputed.tokens", "rung", rung).increment(recovery.recomputed());
        int lately = recovery.recomputedMost() ? alarm.recomputed() : 0;
        if (lately > 0) {
            LOG.warn(
                    "{} requests whose worker was lost within the last {} were computed again for the most part, more"
                            + " than baton.dispatch.recomputed-alarm: KV that dead workers leave is not found. Look at"
                            + " baton.kv.records, baton.kv.orphan-keep, and whether workers of a host share"
                            + " baton.kv.pool-folder",
                    lately,
                    alarm.within());
        }
    }

    private void step(String phase, @Nullable Long millis) {
        if (millis != null) {
            Timer.builder("baton.dispatch.recovery")
                    .description("From a client's last token until its request is so far on its way to the next one")
                    .tag("phase", phase)
                    .serviceLevelObjectives(RECOVERY_BUCKETS)
                    .register(meters)
                    .record(Duration.ofMillis(millis));
        }
    }

    /** A second attempt ended: it has brought the next token, or not. */
    void hedged(boolean won) {
        meters.counter("baton.dispatch.hedges", "won", Boolean.toString(won)).increment();
    }

    /** A worker whose bits are exact has sent another token than one before it. */
    void differs(String requestId, Effect.NoteDifference difference) {
        differences.increment();
        LOG.error(
                "request {}: {} sends token {} at {}, where the client has {}: two workers do not compute the same",
                requestId,
                difference.worker().getId(),
                difference.came(),
                difference.index(),
                difference.accepted());
    }

    /** The first token was accepted. */
    void firstToken(TtftBreakdown timing) {
        record("admission", timing.admission());
        record("kafka", timing.kafka());
        record("queue", timing.queue());
        record("prefill", timing.prefill());
        record("first_token", timing.firstToken());
    }

    void ended(GenerationRequest request, End end, TtftBreakdown timing, RequestView view) {
        Instant now = clock.instant();
        views.ended(view);
        countEnd(end.outcome());
        record("handoff", timing.handoff());
        record("transfer", timing.transfer());
        record("transfer_exposed", timing.exposedTransfer());
        LOG.debug(
                "request {} {}: model {}, prompt {} ({} cached), {} tokens, {} attempts, first token {} ms, total {}"
                        + " ms",
                request.requestId(),
                end.outcome(),
                request.model(),
                request.prompt().length,
                end.cachedTokens(),
                end.tokens(),
                end.attempts(),
                millis(timing.total()),
                Duration.between(end.started(), now).toMillis());
        if (end.tokens() > 0 && !ELSEWHERE.contains(end.outcome())) {
            usage.publish(event(request, end, now));
        }
    }

    private void countEnd(String outcome) {
        meters.counter("baton.dispatch.ended", "outcome", outcome).increment();
    }

    private void record(String part, @Nullable Duration duration) {
        if (duration != null) {
            Timer.builder("baton.dispatch.ttft")
                    .description("parts of the time to first token, which is baton.gateway.ttft")
                    .tag("part", part)
                    .publishPercentileHistogram()
                    .register(meters)
                    .record(duration);
        }
    }

    private static UsageEvent event(GenerationRequest request, End end, Instant now) {
        return UsageEvent.newBuilder()
                .setRequestId(request.requestId())
                .setTenant(request.tenant())
                .setModel(request.model())
                .setPromptTokens(request.prompt().length)
                .setCachedTokens(end.cachedTokens())
                .setCompletionTokens(end.tokens())
                .setFinishReason(end.outcome())
                .setStartedMs(end.started().toEpochMilli())
                .setFinishedMs(now.toEpochMilli())
                .setAttempts(end.attempts())
                .build();
    }

    private static String millis(@Nullable Duration duration) {
        return duration == null ? "-" : Long.toString(duration.toMillis());
    }
}
