package dev.baton.cli.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Against a server that sends what a test says and then keeps the stream open until the test is over. */
@Timeout(20)
class GatewayClientTest {
    private static final String TEXT = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n";
    private static final Duration LONG = Duration.ofSeconds(60);

    private final CountDownLatch over = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
        server.setExecutor(threads);
        server.start();
    }

    @AfterEach
    void stop() {
        over.countDown();
        server.stop(0);
        threads.close();
    }

    @Test
    void streamsUntilTheEnd() {
        answer(TEXT + "data: [DONE]\n\n", false);
        assertThat(chat(LONG)).isEqualTo("Hi");
    }

    @Test
    void givesUpAStreamThatFallsSilent() {
        answer(TEXT, true);
        assertThatThrownBy(() -> chat(Duration.ofMillis(200)))
                .isInstanceOf(CliException.class)
                .hasMessageContaining("nothing came for 0.2 s");
    }

    @Test
    void saysWhenTheStreamIsNotJson() {
        answer("data: <html>\n\n", true);
        assertThatThrownBy(() -> chat(LONG)).isInstanceOf(CliException.class).hasMessageContaining("not JSON");
    }

    @Test
    void saysWhenTheStreamBreaksOff() {
        answer(TEXT, false);
        assertThatThrownBy(() -> chat(LONG)).isInstanceOf(CliException.class).hasMessageContaining("without [DONE]");
    }

    private void answer(String body, boolean open) {
        server.createContext("/v1/chat/completions", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write(body.getBytes(StandardCharsets.UTF_8));
            exchange.getResponseBody().flush();
            if (open) {
                try {
                    over.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            exchange.close();
        });
    }

    private String chat(Duration silence) {
        URI url = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
        StringBuilder text = new StringBuilder();
        try (GatewayClient client = new GatewayClient(url, null, silence)) {
            ObjectNode request = JsonMapper.shared().createObjectNode();
            client.chat(request, text::append);
        }
        return text.toString();
    }
}
