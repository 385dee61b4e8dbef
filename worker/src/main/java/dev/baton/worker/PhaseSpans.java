package dev.baton.worker;

import dev.baton.cluster.tracing.TracedSpan;
import dev.baton.cluster.tracing.Tracing;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.transfer.ReceiveOutcome;
import dev.baton.transfer.SendOutcome;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * The spans of one attempt on this worker: its phases one after the other, and KV that moves beside them. All are children of
 * the attempt's span at the gateway, so that prefill and decode stand side by side, whichever workers they run on; only what
 * is sent is a child of the ticket that asks for it. Any thread.
 */
public final class PhaseSpans {
    private final Tracing tracing;
    private final Generation generation;
    private final String worker;
    private final InstantSource clock;
    private TracedSpan phase = TracedSpan.NONE;
    private TracedSpan receiving = TracedSpan.NONE;
    private TracedSpan restoring = TracedSpan.NONE;
    private TracedSpan sending = TracedSpan.NONE;

    PhaseSpans(Tracing tracing, Generation generation, String worker, InstantSource clock) {
        this.tracing = tracing;
        this.generation = generation;
        this.worker = worker;
        this.clock = clock;
    }

    /** @param readAt when the record was read from its lane */
    public synchronized void queued(Instant readAt) {
        phase = described(tracing.received("queue", parent(), readAt));
    }

    /** @param cached tokens that were found and are not computed */
    public synchronized void prefill(int tokens, int cached) {
        next("prefill").with("baton.tokens", tokens).with("baton.cached_tokens", cached);
    }

    /** The phase is over, and another does not follow at once: KV is awaited, or the prompt was all that is computed here. */
    public synchronized void over() {
        phase.end(clock.instant());
    }

    public synchronized void decode() {
        next("decode");
    }

    private TracedSpan next(String name) {
        Instant now = clock.instant();
        phase.end(now);
        phase = described(tracing.begin(name, parent(), now));
        return phase;
    }

    /** The answer has ended here. */
    public synchronized void finished(int tokens) {
        phase.with("baton.tokens", tokens).end(clock.instant());
    }

    public synchronized void failed(Failure failure) {
        Instant now = clock.instant();
        if (failure.getCode() == Failure.Code.CANCELLED) {
            phase.with("baton.outcome", "cancelled");
        } else {
            phase.failed(failure.getCode().name(), failure.getMessage());
        }
        phase.end(now);
    }

    /**
     * KV is asked of another worker.
     *
     * @return what goes with the question, so that the answer is part of the trace
     */
    public synchronized RequestTags asksForKv(String from) {
        receiving = described(tracing.asking("kv transfer", parent(), clock.instant()))
                .with("baton.kv.source", from);
        return under(receiving);
    }

    public synchronized void received(ReceiveOutcome outcome) {
        switch (outcome) {
            case ReceiveOutcome.Arrived arrived -> receiving.with("baton.kv.bytes", arrived.bytes());
            case ReceiveOutcome.Found found -> receiving.with("baton.kv.blocks", found.blocks());
            case ReceiveOutcome.Failed(Failure failure) ->
                receiving.failed(failure.getCode().name(), failure.getMessage());
        }
        receiving.end(clock.instant());
    }

    /** KV is looked for, on this host and then on others, before it is computed. */
    public synchronized RequestTags looksForKv() {
        restoring = described(tracing.begin("kv restore", parent(), clock.instant()));
        return under(restoring);
    }

    /** @param restored null when the search itself has failed */
    public synchronized void restored(@Nullable Restored restored) {
        if (restored == null) {
            restoring.failed("RESTORE_FAILED", "KV cannot be looked for").end(clock.instant());
            return;
        }
        restoring
                .with("baton.kv.rung", restored.rung().name())
                .with("baton.kv.found_tokens", restored.found())
                .with("baton.tokens", restored.tokens())
                .end(clock.instant());
    }

    /** Another worker asked for KV. */
    public synchronized void sends(RequestTags asked) {
        sending = described(tracing.serving("kv send", asked.getTraceparent(), clock.instant()));
    }

    public synchronized void sent(SendOutcome outcome) {
        switch (outcome) {
            case SendOutcome.Acknowledged sent ->
                sending.with("baton.kv.bytes", sent.bytes())
                        .with("baton.kv.transport", sent.transport().name())
                        .with("baton.kv.exposed_us", sent.exposed().toNanos() / 1_000);
            case SendOutcome.Failed(Failure failure) ->
                sending.failed(failure.getCode().name(), failure.getMessage());
        }
        sending.end(clock.instant());
    }

    private RequestTags under(TracedSpan span) {
        return generation.getTags().toBuilder()
                .setTraceparent(span.traceparent())
                .build();
    }

    private String parent() {
        return generation.getTags().getTraceparent();
    }

    private TracedSpan described(TracedSpan span) {
        return span.with("baton.request.id", generation.getRequestId())
                .with("baton.attempt", generation.getAttempt().getNumber())
                .with("baton.worker.id", worker)
                .with("gen_ai.request.model", generation.getModel());
    }
}
