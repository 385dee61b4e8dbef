package dev.baton.e2e;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/** Takes spans as a collector does: OTLP in protobuf over HTTP. */
final class OtlpReceiver implements AutoCloseable {
    private static final Duration ARRIVES_WITHIN = Duration.ofSeconds(30);

    private final HttpServer server;
    private final List<Received> spans = new CopyOnWriteArrayList<>();

    private OtlpReceiver(HttpServer server) {
        this.server = server;
    }

    static OtlpReceiver start() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        OtlpReceiver receiver = new OtlpReceiver(server);
        server.createContext("/v1/traces", receiver::take);
        server.start();
        return receiver;
    }

    /**
     * One span.
     *
     * @param parent empty for none
     * @param attributes as text
     */
    record Received(
            String service,
            String trace,
            String id,
            String parent,
            String name,
            Span.SpanKind kind,
            long from,
            long until,
            boolean failed,
            Map<String, String> attributes) {}

    String endpoint() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1/traces";
    }

    private void take(HttpExchange exchange) throws IOException {
        try (exchange;
                InputStream body = exchange.getRequestBody()) {
            for (ResourceSpans of : ExportTraceServiceRequest.parseFrom(body).getResourceSpansList()) {
                String service = texts(of.getResource().getAttributesList()).getOrDefault("service.name", "");
                for (ScopeSpans scope : of.getScopeSpansList()) {
                    scope.getSpansList().forEach(span -> spans.add(received(service, span)));
                }
            }
            byte[] answer = ExportTraceServiceResponse.getDefaultInstance().toByteArray();
            exchange.getResponseHeaders().set("Content-Type", "application/x-protobuf");
            exchange.sendResponseHeaders(200, answer.length == 0 ? -1 : answer.length);
        }
    }

    private static Received received(String service, Span span) {
        HexFormat hex = HexFormat.of();
        return new Received(
                service,
                hex.formatHex(span.getTraceId().toByteArray()),
                hex.formatHex(span.getSpanId().toByteArray()),
                hex.formatHex(span.getParentSpanId().toByteArray()),
                span.getName(),
                span.getKind(),
                span.getStartTimeUnixNano(),
                span.getEndTimeUnixNano(),
                span.getStatus().getCode() == Status.StatusCode.STATUS_CODE_ERROR,
                texts(span.getAttributesList()));
    }

    private static Map<String, String> texts(List<KeyValue> attributes) {
        return attributes.stream().collect(Collectors.toMap(KeyValue::getKey, pair -> text(pair.getValue())));
    }

    private static String text(AnyValue value) {
        return switch (value.getValueCase()) {
            case INT_VALUE -> Long.toString(value.getIntValue());
            case BOOL_VALUE -> Boolean.toString(value.getBoolValue());
            case DOUBLE_VALUE -> Double.toString(value.getDoubleValue());
            case ARRAY_VALUE ->
                value.getArrayValue().getValuesList().stream()
                        .map(OtlpReceiver::text)
                        .collect(Collectors.joining(","));
            case STRING_VALUE -> value.getStringValue();
            case KVLIST_VALUE, BYTES_VALUE, VALUE_NOT_SET -> "";
        };
    }

    /** All spans of a trace, once they are as wanted. */
    List<Received> await(String trace, Predicate<List<Received>> complete) {
        return Awaitility.await("spans of " + trace).atMost(ARRIVES_WITHIN).until(() -> of(trace), complete::test);
    }

    /** The first trace that is none of these. */
    String awaitAnother(Set<String> known) {
        return Awaitility.await("another trace")
                .atMost(ARRIVES_WITHIN)
                .until(
                        () -> spans.stream()
                                .map(Received::trace)
                                .filter(id -> !known.contains(id))
                                .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }

    List<Received> of(String trace) {
        return spans.stream().filter(span -> span.trace().equals(trace)).toList();
    }

    /** All traces that were seen. */
    List<Received> all() {
        return List.copyOf(spans);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
