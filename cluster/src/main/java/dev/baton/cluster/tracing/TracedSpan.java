package dev.baton.cluster.tracing;

import io.micrometer.tracing.otel.bridge.OtelSpan;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Scope;
import java.time.Instant;
import java.util.List;

/** One span, until it has ended; after that all calls but {@link #traceparent} and {@link #within} do nothing. Any thread. */
public final class TracedSpan {
    /** Records nothing and has no trace. */
    public static final TracedSpan NONE = new TracedSpan(Span.getInvalid());

    /** Of a text that comes from elsewhere. */
    private static final int LONGEST_TEXT = 300;

    private final Span span;

    TracedSpan(Span span) {
        this.span = span;
    }

    /** The span of a Micrometer observation. */
    public static TracedSpan of(io.micrometer.tracing.Span observed) {
        return new TracedSpan(OtelSpan.toOtel(observed));
    }

    /** W3C {@code traceparent} for what happens under this span; empty without a trace. */
    public String traceparent() {
        SpanContext context = span.getSpanContext();
        return context.isValid()
                ? "00-" + context.getTraceId() + '-' + context.getSpanId() + '-'
                        + context.getTraceFlags().asHex()
                : "";
    }

    /** 32 hexadecimal digits where the trace is recorded; empty else. */
    public String traceId() {
        return span.getSpanContext().isSampled() ? span.getSpanContext().getTraceId() : "";
    }

    public TracedSpan with(String attribute, String value) {
        span.setAttribute(attribute, shortened(value));
        return this;
    }

    public TracedSpan with(String attribute, long value) {
        span.setAttribute(attribute, value);
        return this;
    }

    public TracedSpan with(String attribute, List<String> values) {
        span.setAttribute(AttributeKey.stringArrayKey(attribute), values);
        return this;
    }

    /** Something happened at that time. */
    public TracedSpan event(String name, Instant at, String attribute, String value) {
        span.addEvent(name, Attributes.of(AttributeKey.stringKey(attribute), shortened(value)), at);
        return this;
    }

    /**
     * It has failed.
     *
     * @param type a stable name, of few
     * @param why for people
     */
    public TracedSpan failed(String type, String why) {
        span.setAttribute("error.type", type);
        span.setStatus(StatusCode.ERROR, shortened(why));
        return this;
    }

    public void end(Instant at) {
        span.end(at);
    }

    /** Runs something that asks for the thread's span, as histograms do for their exemplars. */
    public void within(Runnable measured) {
        if (!span.getSpanContext().isSampled()) {
            measured.run();
            return;
        }
        try (Scope scope = span.makeCurrent()) {
            measured.run();
        }
    }

    private static String shortened(String text) {
        return text.length() > LONGEST_TEXT ? text.substring(0, LONGEST_TEXT) + "…" : text;
    }
}
