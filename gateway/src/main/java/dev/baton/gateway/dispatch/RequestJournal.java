package dev.baton.gateway.dispatch;

import dev.baton.control.Effect;
import dev.baton.control.GenerationRequest;
import dev.baton.control.Phase;
import dev.baton.control.routing.Placement;
import dev.baton.gateway.dispatch.RequestView.AttemptView;
import dev.baton.gateway.dispatch.RequestView.Part;
import dev.baton.gateway.dispatch.RequestView.Waterfall;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.RequestTags;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What happened to one request so far, for operators. Owned by its loop. */
final class RequestJournal {
    static final int MOST_ATTEMPTS = 32;
    private static final int LONGEST_REASON = 300;

    private final GenerationRequest request;
    private final Instant started;
    private final Duration before;
    private final AttemptSpans spans;
    private final List<AttemptView> attempts = new ArrayList<>();

    /** @param before what was spent on the request until it was prepared */
    RequestJournal(GenerationRequest request, Instant started, Duration before, AttemptSpans spans) {
        this.request = request;
        this.started = started;
        this.before = before;
        this.spans = spans;
    }

    /** Something is about to be done for the request. */
    void on(Effect effect, Attempt current, Instant now) {
        spans.on(effect, current, now);
    }

    /** What goes to workers with that attempt. */
    RequestTags tags(Attempt attempt) {
        return spans.tags(attempt);
    }

    /** An attempt has workers; null when there was no route. */
    void routed(Attempt attempt, Placement.@Nullable Assignment assignment, int accepted, Instant now) {
        if (assignment == null) {
            return;
        }
        if (attempts.size() == MOST_ATTEMPTS) {
            attempts.removeFirst();
        }
        int tokens = request.prompt().length + accepted;
        boolean splits = !assignment.route().computesAtDecode();
        attempts.add(new AttemptView(
                attempt.getNumber(),
                since(now),
                null,
                splits ? assignment.route().first().worker().getId() : null,
                assignment.route().decode().worker().getId(),
                accepted,
                Math.max(0, tokens - assignment.uncachedTokens()),
                null,
                null));
    }

    /** The current attempt was given up. */
    void lost(Effect.NoteLostAttempt lost, Instant now) {
        String why = lost.why().length() > LONGEST_REASON ? lost.why().substring(0, LONGEST_REASON) + "…" : lost.why();
        if (!attempts.isEmpty() && attempts.getLast().number() == lost.attempt().getNumber()) {
            over(now, why, lost.fault().kind());
        }
    }

    RequestView running(Phase phase, int cached, int accepted, TtftBreakdown timing, Instant now) {
        return view(phase.name().toLowerCase(Locale.ROOT), cached, accepted, timing, now);
    }

    RequestView ended(CompletionRecorder.End end, TtftBreakdown timing, Instant now) {
        spans.ended(end, now);
        if (!attempts.isEmpty() && attempts.getLast().untilMillis() == null) {
            over(now, null, null);
        }
        return view(end.outcome(), end.cachedTokens(), end.tokens(), timing, now);
    }

    private void over(Instant now, @Nullable String why, @Nullable String fault) {
        AttemptView last = attempts.removeLast();
        attempts.add(new AttemptView(
                last.number(),
                last.fromMillis(),
                since(now),
                last.prefill(),
                last.decode(),
                last.accepted(),
                last.expectedCached(),
                why,
                fault));
    }

    private RequestView view(String state, int cached, int accepted, TtftBreakdown timing, Instant now) {
        return new RequestView(
                request.requestId(),
                request.tenant(),
                request.model(),
                state,
                started,
                since(now),
                request.prompt().length,
                cached,
                accepted,
                List.copyOf(attempts),
                timing.recoveries(),
                waterfall(timing));
    }

    private @Nullable Waterfall waterfall(TtftBreakdown timing) {
        Duration total = timing.total();
        if (total == null) {
            return null;
        }
        List<Part> parts = new ArrayList<>();
        add(parts, "edge", before, "gateway");
        add(parts, "admission", timing.admission(), "gateway");
        add(parts, "kafka", timing.kafka(), "both");
        add(parts, "queue", timing.queue(), "worker");
        add(parts, "prefill", timing.prefill(), "worker");
        add(parts, "first_token", timing.firstToken(), "both");
        List<Part> afterwards = new ArrayList<>();
        add(afterwards, "handoff", timing.handoff(), "both");
        add(afterwards, "transfer", timing.transfer(), "worker");
        add(afterwards, "transfer_exposed", timing.exposedTransfer(), "worker");
        return new Waterfall(micros(before.plus(total)), parts, afterwards);
    }

    private static void add(List<Part> parts, String name, @Nullable Duration duration, String measured) {
        if (duration != null) {
            parts.add(new Part(name, micros(duration), measured));
        }
    }

    private static long micros(Duration duration) {
        return duration.toNanos() / 1_000;
    }

    private long since(Instant now) {
        return Duration.between(started, now).toMillis();
    }
}
