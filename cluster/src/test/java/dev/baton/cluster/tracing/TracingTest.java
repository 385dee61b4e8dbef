package dev.baton.cluster.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TracingTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String PARENT = "00-" + TRACE + "-b7ad6b7169203331-01";

    private static Tracing recording() {
        SdkTracerProvider provider = SdkTracerProvider.builder()
                .setSampler(Sampler.parentBased(Sampler.alwaysOn()))
                .build();
        return new Tracing(
                OpenTelemetrySdk.builder().setTracerProvider(provider).build().getTracer("test"));
    }

    @Test
    void aSpanIsOfItsParentsTrace() {
        TracedSpan span = recording().begin("prefill", PARENT, NOW);
        assertThat(span.traceId()).isEqualTo(TRACE);
        assertThat(span.traceparent())
                .matches("00-" + TRACE + "-[0-9a-f]{16}-01")
                .isNotEqualTo(PARENT);
        span.end(NOW);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "mine",
                "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"
            })
    void withoutAParentThereIsNoSpan(String parent) {
        TracedSpan span = recording().begin("prefill", parent, NOW);
        assertThat(span).isSameAs(TracedSpan.NONE);
        assertThat(span.traceparent()).isEmpty();
    }

    @Test
    void whatIsNotToBeRecordedStaysSo() {
        TracedSpan span = recording().begin("prefill", "00-" + TRACE + "-b7ad6b7169203331-00", NOW);
        assertThat(span.traceId()).isEmpty();
        assertThat(span.traceparent()).endsWith("-00");
    }

    @Test
    void withoutAnEndpointTheTraceIsHandedOnAsItCame() {
        TracedSpan span = Tracing.OFF.begin("prefill", PARENT, NOW);
        assertThat(span.traceparent()).isEqualTo(PARENT);
        span.with("a", 1).failed("type", "why").end(NOW);
    }
}
