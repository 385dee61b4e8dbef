package dev.baton.cli.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.json.JsonMapper;

/** Against two small servers, each of which answers what a test says, one call after another. */
@Timeout(30)
class ResumingChatTest {
    private static final String DONE = "data: [DONE]\n\n";

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final List<Script> scripts = List.of(new Script(), new Script());
    private final List<HttpServer> servers = new ArrayList<>();

    /** What a server answers. */
    private static final class Script {
        final List<Answer> answers = new CopyOnWriteArrayList<>();
    }

    /** @param breaks the connection breaks after the body; else it ends as it should */
    private record Answer(int status, String body, boolean breaks) {}

    @BeforeEach
    void start() throws IOException {
        for (int i = 0; i < scripts.size(); i++) {
            int number = i;
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setExecutor(threads);
            server.createContext("/", exchange -> answer(number, exchange));
            server.start();
            servers.add(server);
        }
    }

    @AfterEach
    void stop() {
        servers.forEach(server -> server.stop(0));
        threads.close();
    }

    private void answer(int server, HttpExchange exchange) throws IOException {
        String key = String.valueOf(exchange.getRequestHeaders().getFirst("Idempotency-Key"));
        asked.add(server + " " + exchange.getRequestMethod() + " " + exchange.getRequestURI()
                + (exchange.getRequestMethod().equals("POST") ? " " + key : ""));
        exchange.getRequestBody().readAllBytes();
        Answer answer = scripts.get(server).answers.removeFirst();
        byte[] body = answer.body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("X-Baton-Stream", "abc");
        exchange.sendResponseHeaders(answer.status, body.length + (answer.breaks ? 10 : 0));
        exchange.getResponseBody().write(body);
        exchange.getResponseBody().flush();
        exchange.close();
    }

    private static String piece(String id, String text) {
        return "id: " + id + "\ndata: {\"choices\":[{\"delta\":{\"content\":\"" + text + "\"}}]}\n\n";
    }

    private String chat(ResumingChat[] into) {
        List<GatewayClient> clients = servers.stream()
                .map(server -> new GatewayClient(
                        URI.create("http://127.0.0.1:" + server.getAddress().getPort()), null))
                .toList();
        StringBuilder text = new StringBuilder();
        into[0] = new ResumingChat(clients);
        try {
            into[0].chat(JsonMapper.shared().createObjectNode(), text::append);
        } finally {
            clients.forEach(GatewayClient::close);
        }
        return text.toString();
    }

    @Test
    void goesOnAtTheNextGatewayFromTheLastEvent() {
        scripts.get(0).answers.add(new Answer(200, piece("0", "a") + piece("1.1", "b") + "id: 2\nda", true));
        scripts.get(1).answers.add(new Answer(503, "{}", false));
        scripts.get(0).answers.add(new Answer(404, "{}", false));
        scripts.get(1).answers.add(new Answer(200, piece("2", "c") + DONE, false));
        ResumingChat[] chat = new ResumingChat[1];
        assertThat(chat(chat)).isEqualTo("abc");
        assertThat(chat[0].breaks()).isEqualTo(1);
        assertThat(asked.subList(1, 4))
                .containsExactly(
                        "1 GET /v1/streams/abc?after=1.1",
                        "0 GET /v1/streams/abc?after=1.1",
                        "1 GET /v1/streams/abc?after=1.1");
    }

    @Test
    void asksAgainWithItsKeyWhereNothingHadCome() {
        servers.getFirst().stop(0);
        scripts.get(1).answers.add(new Answer(200, piece("0", "a") + DONE, false));
        assertThat(chat(new ResumingChat[1])).isEqualTo("a");
        assertThat(asked).singleElement().asString().matches("1 POST /v1/chat/completions [0-9a-f-]{36}");
    }

    @Test
    void goesOnWhereAGatewayEnds() {
        scripts.get(0)
                .answers
                .add(new Answer(
                        200,
                        piece("0", "a")
                                + "event: error\ndata: {\"error\":{\"code\":\"shutting_down\",\"message\":\"bye\"}}\n\n"
                                + DONE,
                        false));
        scripts.get(1).answers.add(new Answer(200, piece("1", "b") + DONE, false));
        assertThat(chat(new ResumingChat[1])).isEqualTo("ab");
    }

    @Test
    void anErrorInTheStreamAndARefusalAreTheEnd() {
        scripts.get(0)
                .answers
                .add(new Answer(
                        200,
                        piece("0", "a") + "data: {\"error\":{\"code\":\"internal\",\"message\":\"no\"}}\n\n",
                        false));
        assertThatThrownBy(() -> chat(new ResumingChat[1]))
                .isInstanceOf(CliException.class)
                .hasMessage("no");
        scripts.get(0).answers.add(new Answer(429, "{\"error\":{\"message\":\"full\"}}", false));
        assertThatThrownBy(() -> chat(new ResumingChat[1]))
                .isInstanceOf(CliException.class)
                .hasMessage("HTTP 429: full");
    }
}
