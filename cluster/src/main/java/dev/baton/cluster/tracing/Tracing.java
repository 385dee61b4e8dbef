package dev.baton.cluster.tracing;

import dev.baton.protocol.TagLimits;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.TracerProvider;
import io.opentelemetry.context.Context;
import java.time.Instant;

/**
 * Begins the spans of this process. Whether a trace is recorded is decided where it begins, at a gateway: a span without a
 * parent is none. Any thread; nothing here blocks.
 */
public final class Tracing {
    /** Records nothing, and hands on what it is given. */
    public static final Tracing OFF = new Tracing(TracerProvider.noop().get("dev.baton"));

    private static final int TRACE_ID = 3;
    private static final int SPAN_ID = 36;
    private static final int FLAGS = 53;

    private final Tracer tracer;

    public Tracing(Tracer tracer) {
        this.tracer = tracer;
    }

    /**
     * A span within this process.
     *
     * @param parent W3C {@code traceparent} of the span above it; {@link TracedSpan#NONE} comes of an empty one
     * @param start by the clock that ends it too
     */
    public TracedSpan begin(String name, String parent, Instant start) {
        return begin(name, parent, start, SpanKind.INTERNAL);
    }

    /** The work that a record of a lane asks for. */
    public TracedSpan received(String name, String parent, Instant start) {
        return begin(name, parent, start, SpanKind.CONSUMER);
    }

    /** What another process is asked for, until it has answered. */
    public TracedSpan asking(String name, String parent, Instant start) {
        return begin(name, parent, start, SpanKind.CLIENT);
    }

    /** What another process has asked for. */
    public TracedSpan serving(String name, String parent, Instant start) {
        return begin(name, parent, start, SpanKind.SERVER);
    }

    private TracedSpan begin(String name, String parent, Instant start, SpanKind kind) {
        SpanContext above = context(parent);
        if (!above.isValid()) {
            return TracedSpan.NONE;
        }
        return new TracedSpan(tracer.spanBuilder(name)
                .setParent(Context.root().with(Span.wrap(above)))
                .setSpanKind(kind)
                .setStartTimestamp(start)
                .startSpan());
    }

    /** Invalid for what is no W3C Trace Context. */
    private static SpanContext context(String traceparent) {
        String checked = TagLimits.traceparent(traceparent);
        return checked.isEmpty()
                ? SpanContext.getInvalid()
                : SpanContext.createFromRemoteParent(
                        checked.substring(TRACE_ID, SPAN_ID - 1),
                        checked.substring(SPAN_ID, FLAGS - 1),
                        TraceFlags.fromHex(checked, FLAGS),
                        TraceState.getDefault());
    }
}
