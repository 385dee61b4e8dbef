package dev.baton.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tiny tokenizers of other kinds than the demo model's, against what {@code transformers} recorded with them. */
class RecordedTokenizersTest {
    private static final int LEAST_STRINGS = 60;

    @ParameterizedTest
    @ValueSource(strings = {"metaspace", "split"})
    void idsAreThoseOfTransformers(String kind) throws Exception {
        List<JsonNode> recorded = recorded(kind);
        assertThat(recorded).hasSizeGreaterThan(LEAST_STRINGS);
        try (ModelTokenizer tokenizer = ModelTokenizer.open(folder(kind))) {
            for (JsonNode one : recorded) {
                String text = one.path("text").asString();
                assertThat(tokenizer.encode(text, false)).as(text).containsExactly(ids(one.path("ids")));
                assertThat(tokenizer.encode(text, true)).as(text).containsExactly(ids(one.path("ids_with_special")));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"metaspace", "split"})
    void streamedTextIsThatOfTransformersAndNoPieceEndsInsideACodePoint(String kind) throws Exception {
        try (ModelTokenizer tokenizer = ModelTokenizer.open(folder(kind))) {
            for (JsonNode one : recorded(kind)) {
                assertThat(streamed(tokenizer, ids(one.path("ids")), false))
                        .isEqualTo(one.path("decoded").asString());
                assertThat(streamed(tokenizer, ids(one.path("ids_with_special")), true))
                        .isEqualTo(one.path("decoded_without_special").asString());
            }
        }
    }

    @Test
    void bytesOfAGgufFileGiveTheIdsOfTheFolderThatItWasMadeFrom() throws Exception {
        try (ModelTokenizer tokenizer = ModelTokenizer.open(folder("split.gguf"))) {
            for (JsonNode one : recorded("split")) {
                String text = one.path("text").asString();
                assertThat(tokenizer.encode(text, false)).as(text).containsExactly(ids(one.path("ids")));
                assertThat(tokenizer.encode(text, true)).as(text).containsExactly(ids(one.path("ids_with_special")));
                assertThat(tokenizer.decode(ids(one.path("ids")), false))
                        .isEqualTo(one.path("decoded").asString());
            }
            assertThat(tokenizer.stopIds()).containsExactly(701);
            ChatPrompt prompt = new ChatPrompt(List.of(Map.of("role", "user", "content", "Hi")), null, true, Map.of());
            assertThat(tokenizer.renderChat(prompt)).isEqualTo("<|begin|>Hi<|end|>");
        }
    }

    @Test
    void piecesOfAGgufFileGiveTheIdsOfSentencePiece() throws Exception {
        JsonNode recorded = new JsonMapper().readTree(Files.readAllBytes(folder("pieces.ids.json")));
        assertThat(recorded.path("strings").size()).isGreaterThan(LEAST_STRINGS / 2);
        try (ModelTokenizer tokenizer = ModelTokenizer.open(folder("pieces.gguf"))) {
            for (JsonNode one : recorded.path("strings")) {
                String text = one.path("text").asString();
                int[] ids = ids(one.path("ids"));
                assertThat(tokenizer.encode(text, false)).as(text).containsExactly(ids);
                assertThat(tokenizer.encode(text, true)).startsWith(1).hasSize(ids.length + 1);
                assertThat(tokenizer.decode(ids, true))
                        .isEqualTo(one.path("decoded").asString());
            }
            int tool = tokenizer.idOf("<tool>").orElseThrow();
            assertThat(tokenizer.encode("a<tool>b", false)).contains(tool);
            assertThat(tokenizer.isSpecial(tool)).isFalse();
        }
    }

    private static String streamed(ModelTokenizer tokenizer, int[] tokens, boolean skipSpecialTokens) {
        TextStream stream = tokenizer.textStream(skipSpecialTokens, false);
        List<String> pieces = new ArrayList<>();
        for (int token : tokens) {
            pieces.add(stream.push(token));
        }
        pieces.add(stream.flush());
        assertThat(pieces)
                .noneMatch(piece -> !piece.isEmpty() && Character.isHighSurrogate(piece.charAt(piece.length() - 1)));
        return String.join("", pieces);
    }

    private static List<JsonNode> recorded(String kind) throws IOException, URISyntaxException {
        JsonNode strings = new JsonMapper()
                .readTree(Files.readAllBytes(folder(kind).resolve("ids.json")))
                .path("strings");
        return strings.valueStream().toList();
    }

    private static int[] ids(JsonNode node) {
        return node.valueStream().mapToInt(JsonNode::asInt).toArray();
    }

    private static Path folder(String kind) throws URISyntaxException {
        return Path.of(Objects.requireNonNull(RecordedTokenizersTest.class.getResource("/tokenizers/" + kind))
                .toURI());
    }
}
