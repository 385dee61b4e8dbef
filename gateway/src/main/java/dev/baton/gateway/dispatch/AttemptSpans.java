package dev.baton.gateway.dispatch;

import dev.baton.cluster.tracing.TracedSpan;
import dev.baton.cluster.tracing.Tracing;
import dev.baton.control.Effect;
import dev.baton.control.GenerationRequest;
import dev.baton.control.TokenIds;
import dev.baton.control.routing.Fault;
import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.KvSource;
import dev.baton.protocol.v1.RequestTags;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The spans of a request's attempts, from its publication until each is given up, overtaken or done. What workers do for an
 * attempt stands below its span; where a worker dies its own spans die with it, and this one tells of them. Owned by the
 * request's loop.
 */
final class AttemptSpans {
    private final Tracing tracing;
    private final GenerationRequest request;
    private final Map<Attempt, Open> open = new HashMap<>();

    AttemptSpans(Tracing tracing, GenerationRequest request) {
        this.tracing = tracing;
        this.request = request;
    }

    private static final class Open {
        private final TracedSpan span;
        private boolean answered;

        Open(TracedSpan span) {
            this.span = span;
        }
    }

    /** What goes to workers with that attempt. */
    RequestTags tags(Attempt attempt) {
        Open own = open.get(attempt);
        return own == null
                ? request.tags()
                : request.tags().toBuilder()
                        .setTraceparent(own.span.traceparent())
                        .build();
    }

    /** Something is about to be done for the request. */
    void on(Effect effect, Attempt current, Instant now) {
        switch (effect) {
            case Effect.PublishPrefillJob(Attempt attempt, Route route, TokenIds accepted) ->
                begin(attempt, route, accepted.size(), now);
            case Effect.PublishComputeHere(Attempt attempt, Route route, TokenIds accepted) ->
                begin(attempt, route, accepted.size(), now);
            case Effect.NoteRestored(Attempt attempt, KvSource source) -> restored(attempt, source);
            case Effect.EmitTokens(int firstIndex, TokenIds tokens, var _)
            when tokens.size() > 0 -> answered(current, firstIndex, now);
            case Effect.NoteLostAttempt lost -> {
                Open given = open.remove(lost.attempt());
                if (given != null) {
                    given.span.with("baton.attempt.phase", lost.phase().name().toLowerCase(Locale.ROOT));
                    if (lost.fault() instanceof Fault.Handover) {
                        given.span.with("baton.outcome", CompletionRecorder.HANDED_OVER);
                    } else {
                        given.span.failed(lost.fault().kind(), lost.why());
                    }
                    given.span.end(now);
                }
            }
            case Effect.EndHedge(Attempt winner, boolean _) -> leave(winner, "overtaken", now);
            case Effect.TakeSuccessor(Attempt successor) -> leave(successor, CompletionRecorder.HANDED_OVER, now);
            case Effect.EmitTokens _,
                    Effect.ChooseRoute _,
                    Effect.ChooseHedge _,
                    Effect.ChooseSuccessor _,
                    Effect.DropSuccessor _,
                    Effect.RecordAttempt _,
                    Effect.RecordHedge _,
                    Effect.EmitAdmitted _,
                    Effect.EmitCached _,
                    Effect.EmitFinish _,
                    Effect.EmitFailure _,
                    Effect.EmitRejection _,
                    Effect.SendCancel _,
                    Effect.SendResume _,
                    Effect.Acknowledge _,
                    Effect.NoteTiming _,
                    Effect.NoteClaimed _,
                    Effect.NoteCleared _,
                    Effect.PublishDeadLetter _,
                    Effect.NoteDifference _,
                    Effect.RecordEnd _ -> {}
        }
    }

    private void begin(Attempt attempt, Route route, int accepted, Instant now) {
        TracedSpan span = tracing.begin("attempt", request.tags().getTraceparent(), now)
                .with("baton.request.id", request.requestId())
                .with("baton.attempt", attempt.getNumber())
                .with("baton.attempt.accepted_tokens", accepted)
                .with("baton.decode.worker", route.decode().worker().getId())
                .with("gen_ai.request.model", request.model());
        if (!route.computesAtDecode()) {
            span.with("baton.prefill.worker", route.first().worker().getId());
        }
        if (!open.isEmpty()) {
            span.with("baton.attempt.hedge", "true");
        }
        open.put(attempt, new Open(span));
    }

    private void restored(Attempt attempt, KvSource source) {
        Open own = open.get(attempt);
        if (own != null) {
            own.span
                    .with("baton.recovery.rung", source.getRung().name().toLowerCase(Locale.ROOT))
                    .with("baton.recovery.found_tokens", source.getFound())
                    .with("baton.recovery.known_tokens", source.getTokens());
        }
    }

    private void answered(Attempt current, int firstIndex, Instant now) {
        Open own = open.get(current);
        if (own != null && !own.answered) {
            own.answered = true;
            own.span.event("first token", now, "baton.token.index", Integer.toString(firstIndex));
        }
    }

    /** One attempt is left. */
    private void leave(Attempt winner, String outcome, Instant now) {
        open.entrySet().removeIf(one -> {
            boolean lost = !one.getKey().equals(winner);
            if (lost) {
                one.getValue().span.with("baton.outcome", outcome).end(now);
            }
            return lost;
        });
    }

    /** The request has ended: stop, length, completed, cancelled and what another gateway goes on with are no failures. */
    void ended(CompletionRecorder.End end, Instant now) {
        boolean good = Arrays.stream(Finish.Reason.values())
                        .anyMatch(
                                reason -> reason.name().toLowerCase(Locale.ROOT).equals(end.outcome()))
                || end.outcome().equals("completed")
                || end.outcome().equals("cancelled")
                || CompletionRecorder.ELSEWHERE.contains(end.outcome());
        for (Open own : open.values()) {
            own.span
                    .with("baton.outcome", end.outcome())
                    .with("gen_ai.usage.input_tokens", request.prompt().length)
                    .with("gen_ai.usage.cache_read.input_tokens", end.cachedTokens())
                    .with("gen_ai.usage.output_tokens", end.tokens());
            if (!good) {
                own.span.failed(end.outcome(), "the request ended with " + end.outcome());
            }
            own.span.end(now);
        }
        open.clear();
    }
}
