package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.gateway.answer.AnswerBudget;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tokens of texts and conversations, and back, as vLLM gives them. */
class TokenizeTest {
    private static EdgeServer server;

    @BeforeAll
    static void start() {
        server = EdgeServer.start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static JsonNode post(String path, String body) throws IOException {
        RawHttp.Response response = server.http().post(path, body);
        assertThat(response.status()).as(response.body()).isEqualTo(200);
        return JsonMapper.shared().readTree(response.body());
    }

    private static int[] ids(JsonNode answer) {
        assertThat(answer.get("count").asInt()).isEqualTo(answer.get("tokens").size());
        return IntStream.range(0, answer.get("tokens").size())
                .map(i -> answer.get("tokens").get(i).asInt())
                .toArray();
    }

    @Test
    void textsHaveTheTokensOfACompletionsPrompt() throws Exception {
        String text = "Grüße, <|user|>!";
        JsonNode answer = post("/v1/tokenize", "{\"model\":\"demo\",\"prompt\":\"" + text + "\"}");
        server.http()
                .open("POST", "/v1/completions", "{\"model\":\"demo\",\"prompt\":\"" + text + "\"}")
                .close();
        assertThat(ids(answer)).isEqualTo(server.dispatcher().next().submission.prompt());
        assertThat(answer.get("max_model_len").asInt()).isEqualTo(EdgeServer.CONTEXT);
        assertThat(answer.get("token_strs").isNull()).isTrue();
        JsonNode bare = post(
                "/tokenize", "{\"prompt\":\"" + text + "\",\"add_special_tokens\":false,\"return_token_strs\":true}");
        assertThat(ids(bare)).isEqualTo(server.tokenizer().encode(text, false));
        assertThat(bare.get("token_strs")).hasSize(ids(bare).length);
        String back = Arrays.toString(ids(bare));
        assertThat(post("/v1/detokenize", "{\"tokens\":" + back + "}")
                        .get("prompt")
                        .stringValue())
                .isEqualTo(text);
    }

    @Test
    void conversationsHaveTheTokensOfAChat() throws Exception {
        String messages = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi <|end|>\"}]";
        JsonNode answer = post("/v1/tokenize", "{\"model\":\"demo\"," + messages + "}");
        server.http()
                .open("POST", "/v1/chat/completions", "{\"model\":\"demo\"," + messages + "}")
                .close();
        int[] prompt = server.dispatcher().next().submission.prompt();
        assertThat(ids(answer)).isEqualTo(prompt);
        assertThat(ids(post("/v1/tokenize", "{" + messages + ",\"add_generation_prompt\":false}")).length)
                .isLessThan(prompt.length);
    }

    @Test
    void longTextsAreSentInPieces() throws IOException {
        String text = IntStream.range(0, 20_000).mapToObj(i -> "word ").collect(Collectors.joining());
        JsonNode answer = post("/v1/tokenize", "{\"prompt\":\"" + text + "\",\"add_special_tokens\":false}");
        assertThat(ids(answer)).isEqualTo(server.tokenizer().encode(text, false));
    }

    private static final String MANY = "word ".repeat(60_000);

    @Test
    void longTextsOfTokensAreSentInPieces() throws IOException {
        int[] ids = server.tokenizer().encode(MANY, false);
        RawHttp.Response response = server.http().post("/v1/detokenize", "{\"tokens\":" + Arrays.toString(ids) + "}");
        assertThat(response.header("transfer-encoding")).isEqualTo("chunked");
        assertThat(JsonMapper.shared().readTree(response.body()).get("prompt").stringValue())
                .isEqualTo(MANY);
    }

    private static int longest() {
        return IntStream.range(0, server.tokenizer().vocabularySize())
                .boxed()
                .max(Comparator.comparingInt(
                        id -> server.tokenizer().tokenText(id).length()))
                .orElseThrow();
    }

    /** What waits for a reader that takes nothing is the ids alone. */
    @ParameterizedTest
    @ValueSource(strings = {"/v1/detokenize", "/v1/tokenize"})
    void whatWaitsForAReaderIsCounted(String path) throws Exception {
        boolean back = path.endsWith("detokenize");
        int[] ids = back ? new int[120_000] : server.tokenizer().encode(MANY, false);
        if (back) {
            Arrays.fill(ids, longest());
        }
        String body = back
                ? "{\"tokens\":" + Arrays.toString(ids) + "}"
                : "{\"prompt\":\"" + MANY + "\",\"add_special_tokens\":false,\"return_token_strs\":true}";
        AnswerBudget budget = server.bean(AnswerBudget.class);
        try (Socket socket = new Socket()) {
            socket.setReceiveBufferSize(4096);
            socket.connect(new InetSocketAddress("127.0.0.1", server.port()));
            String head = "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Content-Length: " + body.length() + "\r\n\r\n";
            // The system takes some answers for a reader that does not read: not so many.
            byte[] request = (head + body).getBytes(StandardCharsets.US_ASCII);
            OutputStream out = socket.getOutputStream();
            Thread.startVirtualThread(() -> sendUntilClosed(out, request));
            await().atMost(Duration.ofSeconds(30)).until(() -> budget.held() == 4L * ids.length);
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> budget.held() == 0);
    }

    private static void sendUntilClosed(OutputStream out, byte[] request) {
        try {
            for (int i = 0; i < 50; i++) {
                out.write(request);
            }
        } catch (IOException e) {
            // The test has closed it.
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tokenize | {}                                                   | 400 | prompt",
                "tokenize | {\"prompt\":1}                                       | 400 | prompt",
                "tokenize | {\"prompt\":\"a\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]} | 400 | prompt",
                "tokenize | {\"model\":\"other\",\"prompt\":\"a\"}               | 404 | model",
                "tokenize | {\"prompt\":\"a\",\"chat_template\":\"x\"}           | 400 | chat_template",
                "tokenize | {\"messages\":[]}                                    | 400 | messages",
                "detokenize | {}                                                 | 400 | tokens",
                "detokenize | {\"tokens\":[99999999]}                            | 400 | tokens",
                "detokenize | {\"tokens\":[\"a\"]}                               | 400 | tokens",
            })
    void whatCannotBeTokenizedIsNamed(String path, String body, int status, String param) throws IOException {
        RawHttp.Response response = server.http().post("/v1/" + path, body);
        assertThat(response.status()).as(response.body()).isEqualTo(status);
        assertThat(response.body()).contains("\"param\":\"" + param + "\"");
    }
}
