package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.gateway.ScriptedDispatcher.Call;
import dev.baton.gateway.limits.BodyReader;
import dev.baton.protocol.v1.Finish;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Clients that leave, that are slow, and that hear nothing for a while. */
class LeavingTest {
    private static final String STREAM = "{\"model\":\"demo\",\"prompt\":\"x\",\"stream\":true}";
    private static final String WHOLE = "{\"model\":\"demo\",\"prompt\":\"x\"}";
    private static EdgeServer server;

    @BeforeAll
    static void start() {
        server = EdgeServer.start("--baton.http.keep-alive=100ms", "--baton.http.stall-limit=1s");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @AfterEach
    void forget() {
        server.dispatcher().forget();
    }

    @Test
    void aStreamThatIsClosedIsCancelled() throws Exception {
        RawHttp.Exchange exchange = server.http().open("POST", "/v1/completions", STREAM);
        Call call = server.dispatcher().next().admits();
        exchange.head();
        assertThat(call.wasCancelled()).isFalse();
        exchange.close();
        assertThat(call.awaitCancelled()).isTrue();
    }

    @Test
    void aClientThatLeavesBeforeAdmissionIsCancelled() throws Exception {
        RawHttp.Exchange exchange = server.http().open("POST", "/v1/completions", STREAM);
        Call call = server.dispatcher().next();
        exchange.close();
        assertThat(call.awaitCancelled()).isTrue();
    }

    @Test
    void aClientThatLeavesWhileItsWholeAnswerIsMadeIsCancelled() throws Exception {
        RawHttp.Exchange exchange = server.http().open("POST", "/v1/completions", WHOLE);
        Call call = server.dispatcher().next().admits().says(5);
        exchange.close();
        assertThat(call.awaitCancelled()).isTrue();
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(server.bean(MeterRegistry.class)
                                .find("baton.gateway.requests")
                                .tag("status", "499")
                                .timers())
                        .isNotEmpty());
    }

    /** Some wait for a worker, some have text already, and some are sent whole answers. */
    @Test
    void threeHundredThatLeaveAtOnceFourTimesLeaveNothingBehind() throws Exception {
        List<Double> before = counts();
        for (int burst = 0; burst < 4; burst++) {
            List<RawHttp.Exchange> clients = new ArrayList<>();
            List<Call> calls = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                clients.add(server.http().open("POST", "/v1/completions", i % 3 == 0 ? WHOLE : STREAM));
                Call call = server.dispatcher().next();
                calls.add(i % 3 == 1 ? call : call.admits().says(5, 6, 7));
            }
            assertThat(gauge("baton.gateway.requests.in.flight"))
                    .as("fault not applied")
                    .isEqualTo(before.getFirst() + 300);
            for (RawHttp.Exchange client : clients) {
                client.close();
            }
            for (Call call : calls) {
                assertThat(call.awaitCancelled()).isTrue();
            }
            await().atMost(Duration.ofSeconds(10)).until(() -> counts().equals(before));
        }
    }

    /** What is held for clients. */
    private static List<Double> counts() {
        return Stream.of("requests.in.flight", "requests.queued", "connections", "answer.bytes", "body.bytes")
                .map(name -> gauge("baton.gateway." + name))
                .toList();
    }

    private static double gauge(String name) {
        return server.bean(MeterRegistry.class).get(name).gauge().value();
    }

    @Test
    void aClientThatLeavesBeforeItsBodyHasComeIsNoFailure() throws Exception {
        double before = left();
        try (RawHttp.Exchange exchange = server.http().connect()) {
            exchange.send(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Content-Length: 1000\r\n\r\n{\"model\"")
                    .getBytes(StandardCharsets.ISO_8859_1));
            await().until(() -> server.bean(BodyReader.class).held() > 0);
        }
        await().atMost(Duration.ofSeconds(10)).until(() -> left() == before + 1);
        assertThat(server.bean(MeterRegistry.class)
                        .find("baton.gateway.requests")
                        .tag("status", "500")
                        .timers())
                .isEmpty();
    }

    private static double left() {
        return server.bean(MeterRegistry.class).find("baton.gateway.requests").tag("status", "499").timers().stream()
                .mapToLong(Timer::count)
                .sum();
    }

    @Test
    void anAnswerThatEndedIsNotCancelled() throws Exception {
        try (RawHttp.Exchange exchange = server.http().open("POST", "/v1/completions", STREAM)) {
            Call call = server.dispatcher().next().admits().says(5);
            call.finishes(Finish.Reason.LENGTH);
            exchange.response();
            exchange.close();
            try (RawHttp.Exchange next = server.http().open("GET", "/v1/models", "")) {
                next.response();
            }
            assertThat(call.wasCancelled()).isFalse();
        }
    }

    @Test
    void anIdleStreamHearsComments() throws Exception {
        try (RawHttp.Exchange exchange = server.http().open("POST", "/v1/completions", STREAM)) {
            Call call = server.dispatcher().next().admits();
            exchange.head();
            assertThat(exchange.chunk()).isEqualTo(": \n\n");
            assertThat(exchange.chunk()).isEqualTo(": \n\n");
            call.says(5).finishes(Finish.Reason.LENGTH);
        }
    }

    @Test
    void aStreamWhoseHeadersComeTooLateForItsClientEnds() throws Exception {
        try (RawHttp.Exchange exchange =
                server.http().open("POST", "/v1/completions", STREAM, "X-Stainless-Timeout: 0.3")) {
            Call call = server.dispatcher().next();
            assertThat(call.submission.deadline()).isEqualTo(EdgeServer.NOW.plus(Duration.ofMinutes(5)));
            RawHttp.Response response = exchange.response();
            assertThat(response.status()).isEqualTo(408);
            assertThat(response.header("x-should-retry")).isEqualTo("false");
            assertThat(call.awaitCancelled()).isTrue();
        }
    }

    @Test
    void aRunningStreamIsNotCutByTheClientsTimeout() throws Exception {
        try (RawHttp.Exchange exchange =
                server.http().open("POST", "/v1/completions", STREAM, "X-Stainless-Timeout: 0.3")) {
            Call call = server.dispatcher().next().admits();
            exchange.head();
            long end = System.nanoTime() + Duration.ofMillis(600).toNanos();
            while (System.nanoTime() < end) {
                assertThat(exchange.chunk()).isEqualTo(": \n\n");
            }
            assertThat(call.wasCancelled()).isFalse();
            call.says(5).finishes(Finish.Reason.LENGTH);
            assertThat(exchange.chunk()).startsWith("data: {");
        }
    }

    @Test
    void aReaderThatTakesNothingIsCutOff() throws Exception {
        String head =
                "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                        + STREAM.length() + "\r\n\r\n";
        try (Socket socket = new Socket()) {
            socket.setReceiveBufferSize(4096);
            socket.connect(new java.net.InetSocketAddress("127.0.0.1", server.port()));
            socket.getOutputStream().write((head + STREAM).getBytes(StandardCharsets.ISO_8859_1));
            Call call = server.dispatcher().next().admits();
            int token = server.tokenizer().encode(" once", false)[0];
            int length = server.tokenizer().tokenText(token).length();
            // The kernel itself takes some megabytes on behalf of a reader that is not there.
            for (int sent = 0; sent < 16_000_000; sent += length) {
                call.says(token);
            }
            assertThat(call.awaitCancelled())
                    .as("the stalled reader is given up")
                    .isTrue();
        }
    }
}
