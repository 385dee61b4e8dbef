package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.gateway.dispatch.WorkerBits;
import dev.baton.protocol.v1.Finish;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code system_fingerprint} in answers. */
class AnswersNameTheirBitsTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String MESSAGES = "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]";
    private static final WorkerBits EXACT = new WorkerBits(5, 1, true);

    private static EdgeServer server;

    @BeforeAll
    static void start() {
        server = EdgeServer.start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @AfterEach
    void forget() {
        server.dispatcher().forget();
    }

    private static JsonNode whole(String path, String prompt) throws Exception {
        return JsonMapper.shared().readTree(body(path, prompt, ""));
    }

    private static String body(String path, String prompt, String more) throws Exception {
        int[] said = server.tokenizer().encode("ok then", false);
        server.dispatcher().plays(call -> call.admits().says(said).finishes(Finish.Reason.LENGTH));
        RawHttp.Response response =
                server.http().post(path, "{\"model\":\"demo\"," + prompt + more + "}", "X-Baton-Timing: true");
        assertThat(response.status()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            /v1/chat/completions | "messages":[{"role":"user","content":"Hi"}]
            /v1/completions      | "prompt":"Hi"
            """)
    void aWholeAnswerAndEveryChunkOfAStreamNameTheSame(String path, String prompt) throws Exception {
        server.dispatcher().has(EXACT);
        String named = whole(path, prompt).path("system_fingerprint").asString("");
        assertThat(named).matches("fp_[0-9a-f]{16}");
        List<String> events = body(path, prompt, ",\"stream\":true,\"stream_options\":{\"include_usage\":true}")
                .lines()
                .filter(line -> line.startsWith("data: {"))
                .map(line -> line.substring("data: ".length()))
                .toList();
        Set<String> inChunks = events.stream()
                .map(event -> JsonMapper.shared()
                        .readTree(event)
                        .path("system_fingerprint")
                        .asString("none"))
                .collect(Collectors.toSet());
        assertThat(events).hasSizeGreaterThan(4);
        assertThat(inChunks).containsExactly(named);
    }

    @Test
    void otherWorkersAndInexactOnesAreNamedOtherwise() throws Exception {
        server.dispatcher().has(EXACT);
        String exact = whole(CHAT, MESSAGES).path("system_fingerprint").asString("");
        server.dispatcher().has(new WorkerBits(6, 1, true));
        assertThat(whole(CHAT, MESSAGES).path("system_fingerprint").asString(""))
                .startsWith("fp_")
                .isNotEqualTo(exact);
        server.dispatcher().has(new WorkerBits(5, 1, false));
        assertThat(whole(CHAT, MESSAGES).path("system_fingerprint").asString(""))
                .startsWith("fp_inexact_");
        server.dispatcher().has(EXACT);
        assertThat(whole(CHAT, MESSAGES).path("system_fingerprint").asString(""))
                .isEqualTo(exact);
    }

    /** As in OpenAI's answers, where the member may be left out; its responses have none. */
    @Test
    void nothingIsNamedWhereNoWorkerLivesAndInResponses() throws Exception {
        assertThat(whole(CHAT, MESSAGES).has("system_fingerprint")).isFalse();
        server.dispatcher().has(EXACT);
        assertThat(whole("/v1/responses", "\"input\":\"Hi\"").has("system_fingerprint"))
                .isFalse();
    }
}
