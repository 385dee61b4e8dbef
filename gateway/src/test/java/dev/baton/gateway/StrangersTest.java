package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.protocol.v1.Finish;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** A gateway without keys, and the web pages that try to use it through a browser of its machine. */
@ExtendWith(OutputCaptureExtension.class)
class StrangersTest {
    private static final String PROMPT = "{\"model\":\"demo\",\"prompt\":\"x\"}";
    private static EdgeServer server;

    @BeforeAll
    static void start() {
        server = EdgeServer.start("--baton.http.cors-origins=https://app.example");
        server.dispatcher().plays(call -> call.admits().finishes(Finish.Reason.LENGTH));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static RawHttp.Response send(String method, String path, String headers, String body) throws IOException {
        try (RawHttp.Exchange exchange = server.http().connect()) {
            exchange.send((method + " " + path + " HTTP/1.1\r\n" + headers + "Content-Length: " + body.length()
                            + "\r\n\r\n" + body)
                    .getBytes(StandardCharsets.ISO_8859_1));
            return exchange.response();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "localhost, 200",
        "localhost:8080, 200",
        "LOCALHOST, 200",
        "127.0.0.1:8080, 200",
        "127.8.7.6, 200",
        "[::1]:8080, 200",
        "app.localhost:3000, 200",
        "evil.example, 403",
        "evil.example:8080, 403",
        "localhost.evil.example, 403",
        "127.0.0.1.evil.example, 403",
        "192.168.0.7, 403",
        "[::2], 403",
    })
    void servesOnlyThoseWhoCallItByALocalName(String host, int status) throws IOException {
        String headers = "Host: " + host + "\r\nContent-Type: application/json\r\n";
        RawHttp.Response response = send("POST", "/v1/completions", headers, PROMPT);
        assertThat(response.status()).isEqualTo(status);
        assertThat(send("GET", "/v1/models", headers, "").status()).isEqualTo(status);
        if (status == 403) {
            assertThat(response.body()).contains("\"code\":\"permission_denied\"");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Content-Type: text/plain\r\n",
                "Content-Type: application/x-www-form-urlencoded\r\n",
                "Content-Type: multipart/form-data; boundary=x\r\n"
            })
    void takesNothingThatAFormCouldPost(String type) throws IOException {
        assertThat(send("POST", "/v1/completions", "Host: localhost\r\n" + type, PROMPT)
                        .status())
                .isEqualTo(415);
    }

    @Test
    void aPageOfANamedOriginMayCallAndOthersMayNot() throws IOException {
        String preflight = "Host: localhost\r\nAccess-Control-Request-Method: POST\r\n"
                + "Access-Control-Request-Headers: content-type, authorization\r\nOrigin: ";
        RawHttp.Response allowed = send("OPTIONS", "/v1/completions", preflight + "https://app.example\r\n", "");
        assertThat(allowed.status()).isEqualTo(200);
        assertThat(allowed.header("access-control-allow-origin")).isEqualTo("https://app.example");
        assertThat(allowed.header("access-control-allow-headers")).contains("authorization");
        RawHttp.Response refused = send("OPTIONS", "/v1/completions", preflight + "https://evil.example\r\n", "");
        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.header("access-control-allow-origin")).isEmpty();
        assertThat(refused.body()).contains("\"code\":\"permission_denied\"");
        String call = "Host: localhost\r\nContent-Type: application/json\r\nOrigin: ";
        RawHttp.Response answer = send("POST", "/v1/completions", call + "https://app.example\r\n", PROMPT);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("access-control-allow-origin")).isEqualTo("https://app.example");
        assertThat(answer.header("access-control-expose-headers")).contains("x-request-id");
    }

    @Test
    void logsAreNeitherForgedNorFlooded(CapturedOutput output) throws IOException {
        String unreadable = "Host: evil\u0085\u001b[2J.example\r\n";
        String foreign = "Host: forged.example\r\nContent-Type: a/b;c=\u0085\u009b\r\n";
        for (int i = 0; i < 200; i++) {
            send("GET", "/v1/models%0d%0aINFO%20forged%1b%5b31m", i % 2 == 0 ? unreadable : foreign, "");
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> output.getAll().contains("forged"));
        assertThat(output.getAll()
                        .lines()
                        .filter(line -> line.contains("forged"))
                        .count())
                .isBetween(1L, 40L);
        assertThat(output.getAll()).doesNotContain("\u001b", "\u0085", "\u009b", "\nINFO forged");
    }
}
