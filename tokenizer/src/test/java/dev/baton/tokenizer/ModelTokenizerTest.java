package dev.baton.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.tokenizer.template.TemplateException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ModelTokenizerTest {
    private static ModelTokenizer tokenizer;

    @BeforeAll
    static void open() throws IOException {
        tokenizer = ModelTokenizer.open(DemoFolder.path());
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    private static JsonNode reference() throws IOException {
        try (InputStream in = ModelTokenizerTest.class.getResourceAsStream("/tokenizers/demo-ids.json")) {
            return new JsonMapper().readTree(in).path("strings");
        }
    }

    private static int[] ids(JsonNode node) {
        int[] ids = new int[node.size()];
        Arrays.setAll(ids, i -> node.get(i).asInt());
        return ids;
    }

    @Test
    void encodesAndDecodesAsTransformersDoes() throws IOException {
        assertThat(reference()).hasSizeGreaterThan(50);
        for (JsonNode c : reference()) {
            String text = c.path("text").asString();
            int[] plain = ids(c.path("ids"));
            int[] special = ids(c.path("ids_with_special"));
            assertThat(tokenizer.encode(text, false)).as(text).containsExactly(plain);
            assertThat(tokenizer.encode(text, true)).as(text).containsExactly(special);
            assertThat(tokenizer.decode(plain, false))
                    .isEqualTo(c.path("decoded").asString());
            assertThat(tokenizer.decode(plain, true))
                    .isEqualTo(c.path("decoded_without_special").asString());
        }
    }

    @Test
    void aChatIsRenderedAndItsSpecialTokensAreSingleIds() {
        ChatPrompt prompt = ChatPrompt.of(List.of(Map.of("role", "user", "content", "Hi")));
        String text = "<|bos|><|user|>\nHi<|end|>\n<|assistant|>\n";
        assertThat(tokenizer.renderChat(prompt)).isEqualTo(text);
        assertThat(tokenizer.encodeChat(prompt)).containsExactly(tokenizer.encode(text, false));
        assertThat(tokenizer.encodeChat(prompt))
                .startsWith(tokenizer.idOf("<|bos|>").orElseThrow());
    }

    @Test
    void aRoleThatTheTemplateRefusesIsTheCallersFault() {
        ChatPrompt prompt = ChatPrompt.of(List.of(Map.of("role", "wizard", "content", "Hi")));
        assertThatThrownBy(() -> tokenizer.encodeChat(prompt)).isInstanceOfSatisfying(TemplateException.class, e -> {
            assertThat(e.getMessage()).isEqualTo("Unknown role: wizard");
            assertThat(e.raisedByTemplate()).isTrue();
        });
    }

    @Test
    void saysWhatEndsAnAnswer() {
        assertThat(tokenizer.stopIds()).contains(tokenizer.idOf("<|end|>").orElseThrow());
        assertThat(tokenizer.vocabularySize()).isGreaterThan(500);
        assertThat(tokenizer.isSpecial(tokenizer.idOf("<|end|>").orElseThrow())).isTrue();
    }

    @Test
    void everyTokenHasItsBytesAndText() {
        int[] ids = tokenizer.encode("Schöne Grüße 🚀", false);
        StringBuilder bytes = new StringBuilder();
        for (int id : ids) {
            bytes.append(new String(tokenizer.tokenBytes(id), StandardCharsets.ISO_8859_1));
        }
        assertThat(new String(bytes.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8))
                .isEqualTo("Schöne Grüße 🚀");
        assertThat(tokenizer.tokenText(tokenizer.idOf("<|end|>").orElseThrow())).isEqualTo("<|end|>");
        assertThat(tokenizer.tokenText(-1)).isEmpty();
        assertThat(tokenizer.tokenBytes(1 << 30)).isEmpty();
    }

    @Test
    void aLoneSurrogateIsReadAsAReplacementCharacter() {
        assertThat(tokenizer.encode("a\uD83Db", false)).containsExactly(tokenizer.encode("a\uFFFDb", false));
    }

    @Test
    void aLongTextIsNotCut() {
        assertThat(tokenizer.encode("a b ".repeat(5_000), false)).hasSizeGreaterThan(9_999);
    }

    @Test
    void manyThreadsShareOne() throws Exception {
        int[] expected = tokenizer.encode("Tell me a story about a brave little fox.", true);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Callable<Boolean>> work = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                work.add(() ->
                        Arrays.equals(tokenizer.encode("Tell me a story about a brave little fox.", true), expected));
            }
            for (Future<Boolean> done : threads.invokeAll(work, 30, TimeUnit.SECONDS)) {
                assertThat(done.get()).isTrue();
            }
        }
    }

    @Test
    void aFolderWithoutATokenizerIsRefusedByName(@TempDir Path folder) {
        assertThatThrownBy(() -> ModelTokenizer.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no tokenizer.json");
    }

    @Test
    void aBrokenChatTemplateStopsTheStartAndNamesItsLine(@TempDir Path folder) throws IOException {
        Files.copy(DemoFolder.path().resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        Files.writeString(folder.resolve("chat_template.jinja"), "fine\n{% if %}");
        assertThatThrownBy(() -> ModelTokenizer.open(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("line 2");
    }

    @Test
    void withoutAChatTemplateOnlyChatsAreRefused(@TempDir Path folder) throws IOException {
        Files.copy(DemoFolder.path().resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        try (ModelTokenizer bare = ModelTokenizer.open(folder)) {
            assertThat(bare.hasChatTemplate()).isFalse();
            assertThat(bare.encode("Hi", false)).isNotEmpty();
            assertThatThrownBy(() -> bare.renderChat(ChatPrompt.of(List.of())))
                    .isInstanceOf(TemplateException.class)
                    .hasMessageContaining("chat_template.jinja");
        }
    }

    @Test
    void templatesByNameAreChosenByTools(@TempDir Path folder) throws IOException {
        Files.copy(DemoFolder.path().resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"eos_token": {"content": "<|end|>"}, "chat_template": [
                  {"name": "default", "template": "plain {{ eos_token }}"},
                  {"name": "tool_use", "template": "tools {{ tools | length }}"}]}
                """);
        try (ModelTokenizer named = ModelTokenizer.open(folder)) {
            Map<String, Object> message = new LinkedHashMap<>(Map.of("role", "user", "content", "Hi"));
            assertThat(named.renderChat(ChatPrompt.of(List.of(message)))).isEqualTo("plain <|end|>");
            ChatPrompt withTools =
                    new ChatPrompt(List.of(message), List.of(Map.of("type", "function")), true, Map.of());
            assertThat(named.renderChat(withTools)).isEqualTo("tools 1");
        }
    }

    @Test
    void filesOfTemplatesTakeThePlaceOfThoseInTheConfiguration(@TempDir Path folder) throws IOException {
        Files.copy(DemoFolder.path().resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        Files.writeString(folder.resolve("tokenizer_config.json"), """
                {"chat_template": [{"name": "default", "template": "old"}, {"name": "tool_use", "template": "old tools"}]}
                """);
        Files.writeString(folder.resolve("chat_template.jinja"), "new");
        List<Map<String, String>> messages = List.of(Map.of("role", "user", "content", "Hi"));
        ChatPrompt withTools = new ChatPrompt(messages, List.of(Map.of("type", "function")), true, Map.of());
        try (ModelTokenizer files = ModelTokenizer.open(folder)) {
            assertThat(files.renderChat(withTools)).isEqualTo("new");
        }
        Path more = Files.createDirectory(folder.resolve("additional_chat_templates"));
        Files.writeString(more.resolve("tool_use.jinja"), "new tools");
        try (ModelTokenizer files = ModelTokenizer.open(folder)) {
            assertThat(files.renderChat(withTools)).isEqualTo("new tools");
            assertThat(files.renderChat(ChatPrompt.of(messages))).isEqualTo("new");
        }
        Files.delete(folder.resolve("chat_template.jinja"));
        try (ModelTokenizer files = ModelTokenizer.open(folder)) {
            assertThat(files.renderChat(withTools)).isEqualTo("new tools");
            assertThatThrownBy(() -> files.renderChat(ChatPrompt.of(messages))).hasMessageContaining("only tool_use");
        }
    }
}
