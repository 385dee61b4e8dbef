package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.gateway.ScriptedDispatcher.Call;
import dev.baton.gateway.answer.AnswerBudget;
import dev.baton.protocol.v1.Finish;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Connections end, whatever their clients do or leave undone. */
class ConnectionsTest {
    private static final int MOST_OF_ADDRESS = 8;
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String STREAM = "{\"model\":\"demo\",\"prompt\":\"x\",\"max_tokens\":200,\"stream\":true}";
    private static EdgeServer server;

    @BeforeAll
    static void start() {
        server = EdgeServer.start(
                "--baton.http.head-timeout=500ms",
                "--baton.http.body-timeout=500ms",
                "--baton.http.stall-limit=4s",
                "--baton.http.keep-alive=100ms",
                "--baton.http.max-connections-per-address=" + MOST_OF_ADDRESS,
                "--server.netty.idle-timeout=1s");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @AfterEach
    void allAreGone() {
        server.dispatcher().forget();
        await().atMost(LIMIT).until(() -> open() == 0);
    }

    private static double open() {
        return server.bean(MeterRegistry.class)
                .get("baton.gateway.connections")
                .gauge()
                .value();
    }

    private static String head(String method, String path, String... headers) {
        return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + String.join("", headers);
    }

    /** Sends a byte whenever nothing has come for a moment, and gives what came until the server closed. */
    private static String drip(Socket socket, String begin) throws IOException {
        socket.setSoTimeout(50);
        socket.getOutputStream().write(begin.getBytes(StandardCharsets.ISO_8859_1));
        StringBuilder heard = new StringBuilder();
        byte[] bytes = new byte[4096];
        long end = System.nanoTime() + LIMIT.toNanos();
        while (System.nanoTime() < end) {
            try {
                int count = socket.getInputStream().read(bytes);
                if (count < 0) {
                    return heard.toString();
                }
                heard.append(new String(bytes, 0, count, StandardCharsets.UTF_8));
            } catch (SocketTimeoutException nothing) {
                try {
                    socket.getOutputStream().write('x');
                } catch (IOException closed) {
                    return heard.toString();
                }
            } catch (IOException reset) {
                return heard.toString();
            }
        }
        throw new AssertionError("still open after " + LIMIT + ", having said: " + heard);
    }

    private static Socket connect() throws IOException {
        return new Socket("127.0.0.1", server.port());
    }

    @Test
    void aHeadThatDripsIsAnsweredAndCut() throws Exception {
        try (Socket socket = connect()) {
            assertThat(drip(socket, head("GET", "/v1/models", "X-Long: ")))
                    .startsWith("HTTP/1.1 408 ")
                    .contains("\"code\":\"request_timeout\"", "baton.http.head-timeout");
        }
    }

    @Test
    void aSecondHeadThatDripsIsCutToo() throws Exception {
        try (Socket socket = connect()) {
            assertThat(drip(socket, head("GET", "/v1/models", "\r\n")))
                    .startsWith("HTTP/1.1 200 ")
                    .contains("HTTP/1.1 408 ");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/chat/completions", "/v1/nothing", "/nothing", "/v1/models"})
    void aBodyThatDripsIsCutAlsoWhenItsAnswerWasSentLongAgo(String path) throws Exception {
        try (Socket socket = connect()) {
            assertThat(drip(
                            socket,
                            head(
                                    "POST",
                                    path,
                                    "Content-Type: application/json\r\n",
                                    "Content-Length: 1000000\r\n\r\n")))
                    .startsWith("HTTP/1.1 4");
        }
    }

    @Test
    void aChunkedBodyThatDripsIsCut() throws Exception {
        try (Socket socket = connect()) {
            assertThat(drip(socket, head("POST", "/v1/nothing", "Transfer-Encoding: chunked\r\n\r\n", "fffff\r\n")))
                    .startsWith("HTTP/1.1 404 ");
        }
    }

    @Test
    void aConnectionThatSaysNothingEnds() throws Exception {
        try (Socket socket = connect()) {
            socket.setSoTimeout((int) LIMIT.toMillis());
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void aStrayLineEndBehindABodyDoesNotCutTheAnswer() throws Exception {
        try (RawHttp.Exchange exchange = server.http().open("POST", "/v1/completions", STREAM)) {
            exchange.send("\r\n".getBytes(StandardCharsets.ISO_8859_1));
            Call call = server.dispatcher().next().admits();
            exchange.head();
            for (int i = 0; i < 15; i++) {
                assertThat(exchange.chunk()).isEqualTo(": \n\n");
            }
            call.says(5).finishes(Finish.Reason.LENGTH);
            assertThat(exchange.chunk()).startsWith("data: {");
        }
    }

    @Test
    void aReaderThatStallsAfterTheLastTokenIsCutOff() throws Exception {
        try (Socket socket = new Socket()) {
            socket.setReceiveBufferSize(4096);
            socket.connect(new InetSocketAddress("127.0.0.1", server.port()));
            socket.getOutputStream()
                    .write((head(
                                            "POST",
                                            "/v1/completions",
                                            "Content-Type: application/json\r\n",
                                            "Content-Length: " + STREAM.length() + "\r\n\r\n")
                                    + STREAM)
                            .getBytes(StandardCharsets.ISO_8859_1));
            Call call = server.dispatcher().next().admits();
            int token = server.tokenizer().encode(" once", false)[0];
            // The kernel itself takes some megabytes on behalf of a reader that is not there.
            for (int i = 0; i < 1_600_000; i++) {
                call.sink.token(i, token, null);
            }
            call.finishes(Finish.Reason.LENGTH);
            assertThat(server.bean(AnswerBudget.class).held())
                    .as("its end waits for the reader")
                    .isPositive();
            Channel channel = server.accepted().getLast();
            await().atMost(LIMIT).until(() -> !channel.isOpen());
            await().atMost(LIMIT).until(() -> server.bean(AnswerBudget.class).held() == 0);
        }
    }

    @Test
    void answersRequestsThatComeWithoutWaiting() throws Exception {
        try (RawHttp.Exchange exchange = server.http().connect()) {
            exchange.send(head("GET", "/v1/models", "\r\n").repeat(20).getBytes(StandardCharsets.ISO_8859_1));
            for (int i = 0; i < 20; i++) {
                assertThat(exchange.response().status()).isEqualTo(200);
            }
        }
    }

    @Test
    void aClientThatSendsManyRequestsAndReadsNothingIsCutOff() throws Exception {
        byte[] requests = head("GET", "/v1/models", "\r\n").repeat(100).getBytes(StandardCharsets.ISO_8859_1);
        try (Socket socket = connect()) {
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 100_000; i++) {
                            socket.getOutputStream().write(requests);
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void closesWhatIsTooMuchForOneAddressAtOnce() throws Exception {
        List<RawHttp.Exchange> held = new ArrayList<>();
        try {
            for (int i = 0; i < MOST_OF_ADDRESS; i++) {
                held.add(server.http().open("POST", "/v1/completions", STREAM));
                server.dispatcher().next().admits();
            }
            try (Socket more = connect()) {
                more.setSoTimeout((int) LIMIT.toMillis());
                assertThat(more.getInputStream().read()).isEqualTo(-1);
            }
            assertThat(server.bean(MeterRegistry.class)
                            .get("baton.gateway.connections.refused")
                            .counter()
                            .count())
                    .isEqualTo(1);
            held.removeLast().close();
            await().atMost(LIMIT).until(() -> open() < MOST_OF_ADDRESS);
            assertThat(server.http().exchange("GET", "/v1/models", "").status()).isEqualTo(200);
        } finally {
            for (RawHttp.Exchange exchange : held) {
                exchange.close();
            }
        }
    }
}
