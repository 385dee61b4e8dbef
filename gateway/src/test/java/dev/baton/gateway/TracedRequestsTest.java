package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.baton.control.GenerationRequest;
import dev.baton.protocol.v1.Finish;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The edge with a collector: a request's span is what workers see, and what histograms point to. */
class TracedRequestsTest {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String CLIENT = "00-" + TRACE + "-b7ad6b7169203331-01";

    private static HttpServer collector;
    private static EdgeServer server;

    @BeforeAll
    static void start() throws IOException {
        collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
        server = EdgeServer.start("--management.opentelemetry.tracing.export.otlp.endpoint=http://127.0.0.1:"
                + collector.getAddress().getPort() + "/v1/traces");
        server.dispatcher().plays(call -> call.admits().says(5, 6).finishes(Finish.Reason.LENGTH));
    }

    @AfterAll
    static void stop() {
        server.close();
        collector.stop(0);
    }

    private static RawHttp.Response post(String traceparent) throws IOException {
        String body = "{\"model\":\"demo\",\"prompt\":\"Hi\"}";
        try (RawHttp.Exchange exchange = server.http().connect()) {
            exchange.send(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + traceparent + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                    .getBytes(StandardCharsets.ISO_8859_1));
            return exchange.response();
        }
    }

    @Test
    void workersSeeTheRequestsOwnSpanOfTheClientsTrace() throws Exception {
        RawHttp.Response response = post("traceparent: " + CLIENT + "\r\n");
        GenerationRequest dispatched = server.dispatcher().next().submission;
        assertThat(dispatched.tags().getTraceparent())
                .matches("00-" + TRACE + "-[0-9a-f]{16}-01")
                .isNotEqualTo(CLIENT);
        assertThat(response.header("traceresponse")).isEqualTo(dispatched.tags().getTraceparent());
    }

    @Test
    void aRequestWithoutATraceBeginsOne() throws Exception {
        post("");
        assertThat(server.dispatcher().next().submission.tags().getTraceparent())
                // Sampled; a second bit may say that the id is random.
                .matches("00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]");
    }

    @Test
    void recordsNothingThatTheClientDoesNotWantRecorded() throws Exception {
        post("traceparent: 00-" + TRACE + "-b7ad6b7169203331-00\r\n");
        assertThat(server.dispatcher().next().submission.tags().getTraceparent())
                .matches("00-" + TRACE + "-[0-9a-f]{16}-00");
    }

    @Test
    void histogramsPointToTheTrace() throws Exception {
        post("traceparent: " + CLIENT + "\r\n");
        server.dispatcher().next();
        String scrape = Objects.requireNonNull(server.bean(PrometheusMeterRegistry.class)
                .scrape("application/openmetrics-text; version=1.0.0; charset=utf-8"));
        for (String histogram :
                new String[] {"baton_gateway_ttft_seconds", "gen_ai_server_time_to_first_token_seconds"}) {
            assertThat(scrape.lines().filter(line -> line.startsWith(histogram + "_bucket") && line.contains("# {")))
                    .as(histogram)
                    .isNotEmpty()
                    .allSatisfy(line -> assertThat(line).contains("trace_id=\""));
        }
    }
}
