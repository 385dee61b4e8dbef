package dev.baton.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.tokenizer.template.RenderedText;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Texts encoded in pieces against the same text encoded at once. */
class PieceEncoderTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String LLAMA3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
            + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String QWEN = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
            + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String O200K =
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|"
                    + "'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
                    + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final List<String> DEEPSEEK = List.of(
            "\\p{N}{1,3}",
            "[一-龥぀-ゟ゠-ヿ]+",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
                    + " ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

    private enum Kind {
        DEMO(null),
        SPLIT(null),
        METASPACE(null),
        GPT2("""
                {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}"""),
        GPT2_WITH_SPACE("""
                {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}"""),
        SMOLLM("""
                {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true},
                 {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}]}"""),
        QWEN_SPLIT(splits(QWEN)),
        LLAMA3_SPLIT(splits(LLAMA3)),
        O200K_SPLIT(splits(O200K)),
        DEEPSEEK_SPLIT(splits(DEEPSEEK.toArray(String[]::new))),
        NFC(null),
        METASPACE_ALWAYS("""
                {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}"""),
        LLAMA2(null),
        GEMMA(null);

        private final @Nullable String preTokenizer;

        Kind(@Nullable String preTokenizer) {
            this.preTokenizer = preTokenizer;
        }

        private static String splits(String... regexes) {
            ObjectNode sequence = JSON.createObjectNode().put("type", "Sequence");
            var steps = sequence.putArray("pretokenizers");
            for (String regex : regexes) {
                ObjectNode step = steps.addObject().put("type", "Split");
                step.putObject("pattern").put("Regex", regex);
                step.put("behavior", "Isolated").put("invert", false);
            }
            steps.addObject()
                    .put("type", "ByteLevel")
                    .put("add_prefix_space", false)
                    .put("trim_offsets", true)
                    .put("use_regex", false);
            return sequence.toString();
        }

        private Path base() throws URISyntaxException {
            return switch (this) {
                case DEMO -> DemoFolder.path();
                case METASPACE, METASPACE_ALWAYS, LLAMA2, GEMMA -> fixture("metaspace");
                case SPLIT, GPT2, GPT2_WITH_SPACE, SMOLLM, QWEN_SPLIT, LLAMA3_SPLIT, O200K_SPLIT, DEEPSEEK_SPLIT, NFC ->
                    fixture("split");
            };
        }

        private Path write(Path folder) throws IOException, URISyntaxException {
            ObjectNode json = (ObjectNode) JSON.readTree(Files.readAllBytes(base().resolve("tokenizer.json")));
            if (preTokenizer != null) {
                json.set("pre_tokenizer", JSON.readTree(preTokenizer));
            }
            switch (this) {
                case NFC -> json.putObject("normalizer").put("type", "NFC");
                case LLAMA2 -> {
                    json.putNull("pre_tokenizer");
                    json.set("normalizer", JSON.readTree("""
                            {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"},
                             {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}"""));
                }
                case GEMMA -> {
                    json.set("normalizer", JSON.readTree("""
                            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}"""));
                    json.set("pre_tokenizer", JSON.readTree("""
                            {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious",
                             "invert": false}"""));
                }
                default -> {}
            }
            return Files.writeString(folder.resolve("tokenizer.json"), json.toString());
        }
    }

    @TempDir
    Path folder;

    private static Path fixture(String kind) throws URISyntaxException {
        return Path.of(Objects.requireNonNull(PieceEncoderTest.class.getResource("/tokenizers/" + kind))
                .toURI());
    }

    @AfterEach
    void clearInterrupt() {
        Thread.interrupted();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void piecesGiveTheIdsOfTheWhole(Kind kind) throws Exception {
        Path file = kind.write(folder);
        JsonNode json = JSON.readTree(Files.readAllBytes(file));
        List<String> added = json.path("added_tokens")
                .valueStream()
                .map(token -> token.path("content").asString())
                .toList();
        CutPoints cuts = CutPoints.of(json);
        try (PieceEncoder pieces = PieceEncoder.open(file, json);
                NativeEncoder whole = NativeEncoder.open(file)) {
            for (int seed = 0; seed < 40; seed++) {
                String text = new RandomText(seed, added).of(seed < 34 ? 400 : 8_000);
                assertThat(cuts.firstIn(text, 1, text.length())).as(text).isBetween(1, text.length() - 2);
                for (int piece : seed < 34 ? new int[] {3, 20, 77} : new int[] {100, 1000, 4_000}) {
                    assertThat(pieces.encode(text, true, Integer.MAX_VALUE, piece)
                                    .ids())
                            .as("seed %d, pieces of %d", seed, piece)
                            .isEqualTo(whole.encode(text, true));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void tokensUnderOtherNamesGiveTheIdsOfTheWhole(Kind kind) throws Exception {
        Path file = kind.write(folder);
        JsonNode json = JSON.readTree(Files.readAllBytes(file));
        ControlTokens control = ControlTokens.of(json, spelling -> true);
        List<String> spellings =
                control.all().stream().map(ControlTokens.Token::spelling).toList();
        try (PieceEncoder whole = PieceEncoder.open(file, json);
                LiteralEncoder literal = LiteralEncoder.open(json.deepCopy(), control, whole)) {
            for (int seed = 0; seed < 60; seed++) {
                String text = new RandomText(seed, spellings).of(seed < 50 ? 300 : 40_000);
                assertThat(literal.encode(RenderedText.own(text), Integer.MAX_VALUE)
                                .orElseThrow()
                                .ids())
                        .as("seed %d", seed)
                        .isEqualTo(whole.encode(text, false, Integer.MAX_VALUE).ids());
            }
        }
    }

    @Test
    void everyPlaceToCutOfATextIsOne() throws Exception {
        for (Kind kind : Kind.values()) {
            Path file = kind.write(folder);
            JsonNode json = JSON.readTree(Files.readAllBytes(file));
            CutPoints cuts = CutPoints.of(json);
            String text = new RandomText(4711, List.of("<s>", "<|end|>", "<|user|>")).of(1_500);
            int found = 0;
            try (NativeEncoder encoder = NativeEncoder.open(file)) {
                int[] ids = encoder.encode(text, false);
                for (int at = cuts.firstIn(text, 1, text.length());
                        at >= 0;
                        at = cuts.firstIn(text, at + 1, text.length())) {
                    int[] left = encoder.encode(text.substring(0, at), false);
                    int[] right = encoder.encode(text.substring(cuts.dropsSpace() ? at + 1 : at), false);
                    assertThat(IntStream.concat(Arrays.stream(left), Arrays.stream(right))
                                    .toArray())
                            .as("%s: cut between '%s' and '%s' at %d", kind, text.charAt(at - 1), text.charAt(at), at)
                            .containsExactly(
                                    java.util.Arrays.stream(ids).boxed().toArray(Integer[]::new));
                    found++;
                }
            }
            assertThat(found).as("%s: places in 1,500 characters", kind).isGreaterThan(40);
        }
    }

    @Test
    void stopsBeyondTheLimit() throws Exception {
        try (ModelTokenizer tokenizer = ModelTokenizer.open(DemoFolder.path())) {
            String text = "a b c ".repeat(500_000);
            TokenIds cut = tokenizer.encode(text, false, 1000);
            assertThat(cut.whole()).isFalse();
            assertThat(cut.ids()).hasSizeBetween(1001, 1001 + PieceEncoder.PIECE);
            TokenIds whole = tokenizer.encode("a b c", false, 1000);
            assertThat(whole.whole()).isTrue();
            assertThat(whole.ids()).containsExactly(tokenizer.encode("a b c", false));
        }
    }

    @Test
    void anInterruptEndsIt() throws Exception {
        try (ModelTokenizer tokenizer = ModelTokenizer.open(DemoFolder.path())) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> tokenizer.encode("a b c ".repeat(100_000), false))
                    .isInstanceOf(CancellationException.class);
        }
    }

    @Test
    void aRunWithoutAPlaceToCutIsEncodedWholeUpToALimitAndThenRefused() throws Exception {
        try (ModelTokenizer tokenizer = ModelTokenizer.open(DemoFolder.path());
                NativeEncoder whole = NativeEncoder.open(DemoFolder.path().resolve("tokenizer.json"))) {
            String run = "ab".repeat(50_000);
            assertThat(tokenizer.encode(run, false)).isEqualTo(whole.encode(run, false));
            assertThatThrownBy(() -> tokenizer.encode("a".repeat(PieceEncoder.LONGEST_PIECE + 1), false))
                    .isInstanceOf(UncuttableTextException.class)
                    .hasMessageContaining("From character 0 on")
                    .hasMessageContaining("262144 characters in a row");
        }
    }

    @Test
    void aTokenizerWithAStepThatIsNotUnderstoodIsNeverCut() {
        ObjectNode json = JSON.createObjectNode();
        json.putObject("decoder").put("type", "ByteLevel");
        json.putObject("model").put("type", "BPE").putObject("vocab").put("a", 0);
        String text = "some words and some more";
        assertThat(CutPoints.of(json).firstIn(text, 1, text.length())).isPositive();
        json.putObject("normalizer").put("type", "Precompiled");
        assertThat(CutPoints.of(json).firstIn(text, 1, text.length())).isEqualTo(-1);
        json.remove("normalizer");
        ObjectNode lookbehind =
                json.putObject("pre_tokenizer").put("type", "Split").put("behavior", "Isolated");
        lookbehind.putObject("pattern").put("Regex", "(?<=x)y|\\s+|\\S+");
        assertThat(CutPoints.of(json).firstIn(text, 1, text.length())).isEqualTo(-1);
    }
}
