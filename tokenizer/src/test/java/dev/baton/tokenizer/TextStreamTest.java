package dev.baton.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** Streamed text against the reference library's decoding of the whole, for each kind of decoder. */
class TextStreamTest {
    private static final String LLAMA = """
            {"type": "Sequence", "decoders": [
              {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
              {"type": "ByteFallback"}, {"type": "Fuse"},
              {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}""";
    private static final String METASPACE =
            "{\"type\": \"Metaspace\", \"replacement\": \"\u2581\", \"prepend_scheme\": \"always\", \"split\": true}";

    @TempDir
    Path folder;

    /** Pieces of words, all single bytes, and the mark for a space alone and doubled. */
    private Path pieces(String decoder) throws IOException {
        Map<String, Object> vocab = new LinkedHashMap<>();
        for (String token : new String[] {
            "<unk>",
            "\u2581",
            "\u2581\u2581",
            "\u2581Hello",
            "wor",
            "ld",
            "é",
            "\u2581\u00fc",
            "日",
            "\uD83D\uDE80",
            "a\u2581b"
        }) {
            vocab.put(token, vocab.size());
        }
        for (int b = 0; b < 256; b++) {
            vocab.put("<0x%02X>".formatted(b), vocab.size());
        }
        String json = """
                {"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "pre_tokenizer": null,
                 "post_processor": null,
                 "added_tokens": [{"id": %d, "content": "<end>", "single_word": false, "lstrip": false, "rstrip": false,
                                   "normalized": false, "special": true}],
                 "decoder": %s,
                 "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
                           "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
                           "vocab": %s, "merges": []}}
                """.formatted(vocab.size(), decoder, new JsonMapper().writeValueAsString(vocab));
        Files.writeString(folder.resolve("tokenizer.json"), json);
        return folder;
    }

    @Test
    void tokensOfBytesGiveTheTextOfTheWhole() throws IOException {
        compare(DemoFolder.path(), 0.0, 100);
    }

    @Test
    void tokensOfTextWithByteFallbackGiveTheTextOfTheWhole() throws IOException {
        compare(pieces(LLAMA), 0.5, 100);
    }

    @Test
    void tokensWithWordMarksGiveTheTextOfTheWhole() throws IOException {
        compare(pieces(METASPACE), 0.5, 0);
    }

    /**
     * @param fromText share of tokens drawn from the first ten, so that byte tokens do not drown the text
     * @param brokenAtLeast texts with U+FFFD that must have come up, else the test has not tried what it is for
     */
    private static void compare(Path folder, double fromText, int brokenAtLeast) throws IOException {
        Random random = new Random(11);
        try (ModelTokenizer ours = ModelTokenizer.open(folder);
                HuggingFaceTokenizer reference = HuggingFaceTokenizer.newInstance(
                        folder.resolve("tokenizer.json"), Map.of("truncation", "false", "padding", "false"))) {
            int replaced = 0;
            for (int round = 0; round < 4_000; round++) {
                long[] ids = new long[random.nextInt(1, 24)];
                for (int i = 0; i < ids.length; i++) {
                    ids[i] = random.nextInt(random.nextDouble() < fromText ? 11 : ours.vocabularySize() + 2);
                }
                if (random.nextBoolean()) {
                    spellUtf8(ours, ids, random);
                }
                boolean skip = random.nextBoolean();
                String whole = reference.decode(ids, skip);
                TextStream stream = ours.textStream(skip, false);
                StringBuilder streamed = new StringBuilder();
                for (long id : ids) {
                    String piece = stream.push((int) id);
                    streamed.append(piece);
                    assertThat(endsInsideACodePoint(streamed)).isFalse();
                    assertThat(whole).startsWith(streamed.toString());
                }
                streamed.append(stream.flush());
                assertThat(streamed.toString()).isEqualTo(whole);
                replaced += whole.indexOf('\uFFFD') >= 0 ? 1 : 0;
            }
            assertThat(replaced).as("broken sequences met").isGreaterThanOrEqualTo(brokenAtLeast);
        }
    }

    /** Overwrites a stretch with the byte tokens of real text, cut anywhere. */
    private static void spellUtf8(ModelTokenizer ours, long[] ids, Random random) {
        int[] text = ours.encode(
                new String[] {"é日\uD83D\uDE80", "ß\u0800", "\uD83D\uDE80\uD83D\uDE80"}[random.nextInt(3)], false);
        int at = random.nextInt(ids.length);
        for (int i = 0; i < text.length && at + i < ids.length; i++) {
            ids[at + i] = text[i];
        }
    }

    private static boolean endsInsideACodePoint(CharSequence text) {
        return !text.isEmpty() && Character.isHighSurrogate(text.charAt(text.length() - 1));
    }

    @Test
    void anUnfinishedCodePointIsHeldBackUntilTheEnd() throws IOException {
        try (ModelTokenizer ours = ModelTokenizer.open(pieces(LLAMA))) {
            TextStream stream = ours.textStream();
            assertThat(stream.push(ours.idOf("<0xF0>").orElseThrow())).isEmpty();
            assertThat(stream.push(ours.idOf("<0x9F>").orElseThrow())).isEmpty();
            assertThat(stream.flush()).isEqualTo("\uFFFD\uFFFD");
        }
    }

    @Test
    void anAnswerThatContinuesATextKeepsItsFirstSpace() throws IOException {
        try (ModelTokenizer ours = ModelTokenizer.open(pieces(LLAMA))) {
            int hello = ours.idOf("\u2581Hello").orElseThrow();
            assertThat(ours.textStream(true, false).push(hello)).isEqualTo("Hello");
            assertThat(ours.textStream(true, true).push(hello)).isEqualTo(" Hello");
        }
    }

    @Test
    void specialTokensHaveNoTextUnlessAskedFor() throws IOException {
        try (ModelTokenizer ours = ModelTokenizer.open(pieces(LLAMA))) {
            int end = ours.idOf("<end>").orElseThrow();
            assertThat(ours.textStream().push(end)).isEmpty();
            assertThat(ours.textStream(false, false).push(end)).isEqualTo("<end>");
        }
    }

    @Test
    void aDecoderThatWeDoNotHaveIsRefusedByName() throws IOException {
        Path bert = pieces("{\"type\": \"WordPiece\", \"prefix\": \"##\", \"cleanup\": true}");
        assertThatThrownBy(() -> ModelTokenizer.open(bert))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("WordPiece")
                .hasMessageContaining("supported are ByteLevel");
    }
}
