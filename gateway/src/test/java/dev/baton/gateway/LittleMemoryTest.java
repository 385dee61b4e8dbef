package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The edge with the heap that its process may have: what one client sends or asks for never ends it. */
class LittleMemoryTest {
    private static final String HEAP = "256m";
    private static final int BIG = 3_900_000;
    private static final String CHAT = "{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}";
    private static final String PROMPT = "{\"model\":\"demo\",\"max_tokens\":1,\"prompt\":\"%s\"}";

    private static EdgeProcess edge;

    @BeforeAll
    static void start() throws IOException {
        edge = EdgeProcess.start(HEAP, "--edge.context=131072");
    }

    @AfterAll
    static void stop() throws InterruptedException {
        edge.close();
    }

    private static String filled(String unit) {
        int bytes = unit.getBytes(StandardCharsets.UTF_8).length;
        return unit.repeat(BIG / bytes);
    }

    private static void assertItStillServes() throws IOException {
        assertThat(edge.alive()).as("the process lives").isTrue();
        RawHttp.Response answer = edge.http().post("/v1/completions", PROMPT.formatted("one two"));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }

    /** Sends all of them, several at a time, and gives the statuses by name. */
    private static Map<String, Integer> statuses(String path, Map<String, String> bodies, int atOnce) throws Exception {
        try (ExecutorService clients = Executors.newFixedThreadPool(atOnce)) {
            List<Callable<Integer>> calls = new ArrayList<>();
            bodies.values()
                    .forEach(
                            body -> calls.add(() -> edge.http().post(path, body).status()));
            List<Future<Integer>> answers = clients.invokeAll(calls, 120, TimeUnit.SECONDS);
            Map<String, Integer> statuses = new LinkedHashMap<>();
            int i = 0;
            for (String name : bodies.keySet()) {
                statuses.put(name, answers.get(i++).get());
            }
            return statuses;
        }
    }

    @Test
    void fourMegabytesOfAnyTextAreRefusedOrServed() throws Exception {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("words", filled("some words "));
        texts.put("one letter", filled("a"));
        texts.put("spaces", filled(" "));
        texts.put("digits", filled("7"));
        texts.put("line ends", filled("\\n"));
        texts.put("ideographs", filled("的一是不了人我在有他。"));
        texts.put("ideographs without an end", filled("的"));
        texts.put("emoji", filled("😀"));
        texts.put("signs", filled("!?"));
        texts.put("base64", filled("TWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcms"));
        texts.put("special tokens", filled("<|end|>"));
        texts.put("zero characters", filled("\\u0000"));
        Map<String, String> chats = new LinkedHashMap<>();
        texts.forEach((name, text) -> chats.put(name, CHAT.formatted(text)));
        Map<String, String> prompts = new LinkedHashMap<>();
        texts.forEach((name, text) -> prompts.put(name, PROMPT.formatted(text)));
        // The demo model's template strips a message, so one of nothing but blanks is an empty one.
        assertThat(statuses("/v1/chat/completions", chats, 4))
                .allSatisfy((name, status) -> assertThat(status)
                        .as(name)
                        .isEqualTo(Set.of("spaces", "line ends").contains(name) ? 200 : 400));
        assertThat(statuses("/v1/completions", prompts, 4))
                .allSatisfy((name, status) -> assertThat(status).as(name).isEqualTo(400));
        assertItStillServes();
    }

    @Test
    void fourMegabytesOfJsonNobodyReadsCostNothing() throws Exception {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("empty arrays", "[" + filled("[],") + "[]]");
        fields.put("empty objects", "[" + filled("{},") + "{}]");
        fields.put("numbers", "[" + filled("1234,") + "1]");
        fields.put("text", "\"" + filled("x") + "\"");
        StringBuilder names = new StringBuilder("{");
        for (int i = 0; names.length() < BIG; i++) {
            names.append(i == 0 ? "" : ",").append("\"n").append(i).append("\":0");
        }
        fields.put("names", names.append('}').toString());
        Map<String, String> bodies = new LinkedHashMap<>();
        fields.forEach((name, json) -> bodies.put(
                name, "{\"model\":\"demo\",\"max_tokens\":1,\"prompt\":\"x\",\"a_new_field\":" + json + "}"));
        assertThat(statuses("/v1/completions", bodies, 4))
                .allSatisfy((name, status) -> assertThat(status).as(name).isEqualTo(200));
        Map<String, String> read = new LinkedHashMap<>();
        for (String field : List.of("logit_bias", "stop", "stream_options", "chat_template_kwargs", "tools")) {
            fields.forEach((name, json) -> read.put(
                    field + " of " + name,
                    "{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"" + field + "\":" + json
                            + "}"));
        }
        assertThat(statuses("/v1/chat/completions", read, 3))
                .allSatisfy((name, status) -> assertThat(status).as(name).isEqualTo(400));
        assertItStillServes();
    }

    @Test
    void fourMegabytesOfTokenIdsAreCounted() throws Exception {
        Map<String, String> bodies = new LinkedHashMap<>();
        bodies.put("one row", "{\"model\":\"demo\",\"prompt\":[" + filled("7,") + "7]}");
        bodies.put("many rows", "{\"model\":\"demo\",\"prompt\":[" + filled("[7],") + "[7]]}");
        bodies.put("a row and a word", "{\"model\":\"demo\",\"prompt\":[" + filled("7,") + "\"x\"]}");
        assertThat(statuses("/v1/completions", bodies, 3))
                .allSatisfy((name, status) -> assertThat(status).as(name).isEqualTo(400));
        assertItStillServes();
    }

    @Test
    void refusedStructuresAreNotKept() throws Exception {
        for (int i = 0; i < 70; i++) {
            String field = i % 2 == 0 ? "guided_json" : "guided_regex";
            String body = "{\"model\":\"demo\",\"prompt\":\"x\",\"" + field + "\":\"" + i + filled("x") + "\"}";
            assertThat(edge.http().post("/v1/completions", body).status())
                    .as("body " + i)
                    .isEqualTo(400);
        }
        assertItStillServes();
    }
}
