package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The edge with the heap that its process may have: what one client asks for never ends it, nor the answers of others. */
class LittleMemoryAnswersTest {
    private static final String HEAP = "256m";
    private static final String CHAT =
            "{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"n\":%d,\"logprobs\":true,"
                    + "\"top_logprobs\":20,\"max_tokens\":%d,\"ignore_eos\":true,\"stream\":%s}";
    private static final String SMALL = "{\"model\":\"demo\",\"max_tokens\":5,\"logprobs\":5,\"prompt\":\"one two\"}";

    private static EdgeProcess edge;

    @BeforeAll
    static void start() throws IOException {
        edge = EdgeProcess.start(
                HEAP, "--edge.context=131072", "--baton.http.stall-limit=3s", "--baton.http.keep-alive=1s");
    }

    @AfterAll
    static void stop() throws InterruptedException {
        edge.close();
    }

    @AfterEach
    void allIsGivenBack() throws IOException {
        assertItServes();
        await().atMost(Duration.ofSeconds(30)).until(() -> edge.held() == 0);
    }

    private static void assertItServes() throws IOException {
        assertThat(edge.alive()).as("the process lives").isTrue();
        RawHttp.Response answer = edge.http().post("/v1/completions", SMALL);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }

    /** Sends the same request on several connections, with small ones between, and gives the answers. */
    private static List<RawHttp.Response> answers(int connections, String body) throws Exception {
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<RawHttp.Response>> answers = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                answers.add(clients.submit(() -> {
                    try (RawHttp.Exchange exchange = edge.http().open("POST", "/v1/chat/completions", body)) {
                        exchange.socket.setSoTimeout(120_000);
                        return exchange.response();
                    }
                }));
            }
            for (int i = 0; i < 20; i++) {
                assertItServes();
            }
            List<RawHttp.Response> all = new ArrayList<>();
            for (Future<RawHttp.Response> answer : answers) {
                all.add(answer.get(120, TimeUnit.SECONDS));
            }
            return all;
        }
    }

    @Test
    void writesALongWholeAnswerInParts() throws Exception {
        int tokens = 400;
        RawHttp.Response answer = answers(1, CHAT.formatted(16, tokens, false)).getFirst();
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.header("content-type")).isEqualTo("application/json");
        assertThat(answer.header("transfer-encoding")).isEqualTo("chunked");
        JsonNode json = JsonMapper.shared().readTree(answer.body());
        assertThat(json.path("choices")).hasSize(16).allSatisfy(choice -> {
            assertThat(choice.path("message").path("content").asString()).isNotEmpty();
            assertThat(choice.path("logprobs").path("content"))
                    .hasSize(tokens)
                    .allSatisfy(entry -> assertThat(entry.path("top_logprobs")).hasSize(20));
        });
    }

    @Test
    void endsTheWholeAnswersThatHoldMost() throws Exception {
        assertThat(answers(6, CHAT.formatted(16, 100_000, false))).allSatisfy(answer -> {
            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.body()).contains("\"code\":\"server_overloaded\"", "baton.http.max-answers");
        });
    }

    @Test
    void endsStreamsWhoseReadersTakeNothing() throws Exception {
        List<Socket> readers = new ArrayList<>();
        try {
            for (int i = 0; i < 8; i++) {
                readers.add(stalled(CHAT.formatted(16, 100_000, true)));
            }
            await().atMost(Duration.ofSeconds(60)).until(() -> edge.held() > 10_000_000);
            for (int i = 0; i < 20; i++) {
                assertItServes();
            }
            await().atMost(Duration.ofSeconds(60)).until(() -> edge.held() == 0);
        } finally {
            for (Socket reader : readers) {
                reader.close();
            }
        }
    }

    @Test
    void endsAWholeAnswerWhoseReaderTakesNothing() throws Exception {
        try (Socket reader = stalled(CHAT.formatted(16, 2_000, false))) {
            await().atMost(Duration.ofSeconds(60)).until(() -> edge.held() > 4_000_000);
            await().atMost(Duration.ofSeconds(60)).until(() -> edge.held() == 0);
            assertThat(readToEnd(reader)).as("it was cut").doesNotContain("\"usage\"");
        }
    }

    @Test
    void tellsAStreamThatIsReadTooSlowlyWhyItEnds() throws Exception {
        try (Socket reader = stalled(CHAT.formatted(16, 100_000, true))) {
            await().atMost(Duration.ofSeconds(60)).until(() -> edge.held() > 10_000_000);
            await().atMost(Duration.ofSeconds(60)).until(() -> edge.held() < 10_000_000);
            assertThat(readToEnd(reader))
                    .contains("event: error\ndata: {\"error\":{\"message\":\"The answers that are not sent yet")
                    .contains("data: [DONE]\n\n");
        }
    }

    /** A client that sends a request and reads nothing. */
    private static Socket stalled(String body) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4096);
        socket.setSoTimeout(60_000);
        socket.connect(new InetSocketAddress("127.0.0.1", edge.port()));
        String head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + body.length() + "\r\n\r\n";
        socket.getOutputStream().write((head + body).getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
        return socket;
    }

    private static String readToEnd(Socket socket) throws IOException {
        StringBuilder text = new StringBuilder();
        InputStream in = socket.getInputStream();
        byte[] bytes = new byte[64 * 1024];
        try {
            for (int n = in.read(bytes); n > 0; n = in.read(bytes)) {
                text.append(new String(bytes, 0, n, StandardCharsets.UTF_8));
                if (text.indexOf("[DONE]\n\n") >= 0) {
                    break;
                }
            }
        } catch (IOException reset) {
            // The server closed it with bytes on their way.
        }
        return text.toString();
    }
}
