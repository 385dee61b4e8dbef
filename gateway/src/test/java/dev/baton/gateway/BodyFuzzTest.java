package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Finish;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Bodies that are almost right: each is answered, and none as if the server were at fault. */
class BodyFuzzTest {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Duration BUDGET = Duration.ofSeconds(4);
    private static final int FEWEST = 100;
    private static final long SEED = 16;

    private static final List<String> PATHS =
            List.of("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/tokenize", "/v1/detokenize");

    private static final List<String> BODIES = List.of("""
            {"model":"demo","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text",\
            "text":"Hi"}]},{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":\
            "f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"b"}],"tools":[{"type":"function",\
            "function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}}],"tool_choice":\
            "required","temperature":0.5,"stop":["a"],"logit_bias":{"3":1},"stream_options":null,"logprobs":true,\
            "top_logprobs":2}""", """
            {"model":"demo","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema",\
            "json_schema":{"name":"a","schema":{"type":"object","properties":{"a":{"type":"string","maxLength":4}}}}},\
            "stream":true,"stream_options":{"include_usage":true},"seed":1,"n":2}""", """
            {"model":"demo","prompt":[[1,2,3],[4]],"max_tokens":2,"echo":true,"logprobs":1,"seed":4,"min_tokens":1}""", """
            {"model":"demo","input":[{"role":"user","content":[{"type":"input_text","text":"Hi"}]},{"type":"reasoning",\
            "summary":[{"type":"summary_text","text":"a"}]},{"type":"function_call","call_id":"a","name":"f","arguments":\
            "{}"},{"type":"function_call_output","call_id":"a","output":"b"}],"text":{"format":{"type":"json_object"}},\
            "tools":[{"type":"function","name":"f","parameters":null}],"tool_choice":{"type":"function","name":"f"},\
            "reasoning":{"effort":"low"},"stream":true,"store":false,"include":[]}""", """
            {"prompt":"Hi","add_special_tokens":false,"return_token_strs":true}""", """
            {"tokens":[1,2,3]}""");

    private static final List<String> ODD = List.of(
            "null",
            "true",
            "-1",
            "1e999",
            "99999999999999999999",
            "0.5",
            "\"\"",
            "\"\\ud83d\"",
            "\"<|end|>\"",
            "[]",
            "{}",
            "[[[[[[]]]]]]",
            "{\"\":{}}",
            "\"" + "x".repeat(3000) + "\"");

    private static EdgeServer server;
    private final Random random = new Random(SEED);

    @BeforeAll
    static void start() {
        server = EdgeServer.start("--edge.context=4096");
        int[] words = server.tokenizer().encode(" {}", false);
        server.dispatcher().plays(call -> {
            server.dispatcher().forgetCalls();
            call.admits().says(words);
            call.finishes(Finish.Reason.STOP);
        });
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void everyBodyIsAnsweredAndNoneAsOurFault() throws IOException {
        long end = System.nanoTime() + BUDGET.toNanos();
        int sent = 0;
        int accepted = 0;
        for (; sent < FEWEST || System.nanoTime() < end; sent++) {
            String path = PATHS.get(random.nextInt(PATHS.size()));
            String body = mutated(BODIES.get(random.nextInt(BODIES.size())));
            RawHttp.Response response = server.http().post(path, body);
            assertThat(response.status())
                    .as("%s %s: %s", path, body, response.body())
                    .isBetween(200, 499);
            if (response.status() == 200) {
                accepted++;
            } else {
                JsonNode error = JSON.readTree(response.body()).get("error");
                assertThat(error.get("message").stringValue())
                        .as(body)
                        .isNotBlank()
                        .doesNotContain("\n", "Exception");
                assertThat(error.get("code").stringValue()).as(body).isNotBlank();
            }
        }
        assertThat(accepted).as("of %d some are still right", sent).isPositive();
    }

    private String mutated(String body) {
        JsonNode tree = JSON.readTree(body);
        for (int changes = random.nextInt(3); changes > 0; changes--) {
            List<JsonNode> containers = new ArrayList<>();
            collect(tree, containers);
            change(containers.get(random.nextInt(containers.size())));
        }
        String text = tree.toString();
        return random.nextInt(4) == 0 ? damaged(text) : text;
    }

    private static void collect(JsonNode node, List<JsonNode> containers) {
        if (node.isContainer()) {
            containers.add(node);
            node.forEach(child -> collect(child, containers));
        }
    }

    private void change(JsonNode container) {
        JsonNode odd = JSON.reader().readTree(odd());
        switch (container) {
            case ObjectNode object
            when !object.isEmpty() -> {
                List<String> names = List.copyOf(object.propertyNames());
                String name = names.get(random.nextInt(names.size()));
                switch (random.nextInt(3)) {
                    case 0 -> object.remove(name);
                    case 1 -> object.set(name, odd);
                    default ->
                        object.set(
                                names.get(random.nextInt(names.size())),
                                object.get(name).deepCopy());
                }
            }
            case ArrayNode array
            when !array.isEmpty() -> {
                switch (random.nextInt(3)) {
                    case 0 -> array.remove(random.nextInt(array.size()));
                    case 1 -> array.set(random.nextInt(array.size()), odd);
                    default -> array.add(array.get(0).deepCopy());
                }
            }
            default -> {}
        }
    }

    private String odd() {
        return ODD.get(random.nextInt(ODD.size()));
    }

    /** Characters are lost, doubled or changed. */
    private String damaged(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int at = random.nextInt(bytes.length);
        return switch (random.nextInt(3)) {
            case 0 -> text.substring(0, Math.min(at, text.length()));
            case 1 -> text + text.substring(Math.min(at, text.length()));
            default -> {
                bytes[at] = (byte) random.nextInt(128);
                yield new String(bytes, StandardCharsets.UTF_8);
            }
        };
    }
}
