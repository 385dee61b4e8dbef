package dev.baton.cli.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.baton.cli.bench.TimedStream;
import dev.baton.cli.client.GatewayClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The verdicts over answers that a small server really sends. */
class AnswerTest {
    private static final String DONE = "data: [DONE]\n\n";

    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private static String pieces(String... texts) {
        StringBuilder body = new StringBuilder();
        for (String text : texts) {
            body.append("data: {\"choices\":[{\"delta\":{\"content\":\"")
                    .append(text)
                    .append("\"}}]}\n\n");
        }
        return body.toString();
    }

    private TimedStream answered(int status, String body) {
        server.createContext("/v1/chat/completions", exchange -> {
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        URI base = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
        TimedStream stream = new TimedStream();
        try (GatewayClient client = new GatewayClient(base, null)) {
            stream.ask(client, Cases.chat("demo", "Hi", 5));
        }
        server.removeContext("/v1/chat/completions");
        return stream;
    }

    private Answer.Verdict verdict(int status, String body) {
        TimedStream undisturbed = answered(200, pieces("one", " two", " three") + DONE);
        return new Answer(answered(status, body), undisturbed, 0, Answer.PLAIN).verdict();
    }

    @Test
    void tellsWhatAFaultDidToAnAnswer() {
        assertThat(verdict(200, pieces("one two", " three") + DONE)).isEqualTo(Answer.Verdict.SAME);
        assertThat(verdict(200, pieces("one", " two") + DONE)).isEqualTo(Answer.Verdict.LOST);
        assertThat(verdict(200, pieces("one", " one", " two", " three") + DONE)).isEqualTo(Answer.Verdict.REPEATED);
        assertThat(verdict(200, pieces("one", " too", " three") + DONE)).isEqualTo(Answer.Verdict.CHANGED);
        assertThat(verdict(200, pieces("one", " two"))).isEqualTo(Answer.Verdict.CUT);
        assertThat(verdict(200, pieces("one") + "data: {\"error\":{\"message\":\"no\"}}\n\n" + DONE))
                .isEqualTo(Answer.Verdict.FAILED);
        assertThat(verdict(200, pieces("one", " too"))).isEqualTo(Answer.Verdict.CHANGED);
        assertThat(verdict(500, "{\"error\":{\"message\":\"no\"}}")).isEqualTo(Answer.Verdict.FAILED);
        assertThat(verdict(503, "{\"error\":{\"message\":\"no\"}}")).isEqualTo(Answer.Verdict.REFUSED);
    }
}
