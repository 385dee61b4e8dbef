package dev.baton.checkpoint.gguf;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a byte-level vocabulary does before merges, by the name that {@code tokenizer.ggml.pre} has for it.
 *
 * @param json the {@code pre_tokenizer} of the {@code tokenizer.json} that the name stands for
 * @param composes text is normalised to NFC
 * @param ignoresMerges a piece that is a token is taken whole
 * @param addsBos a text begins with the beginning-of-sequence token where the file does not say
 */
record PreTokenizer(JsonNode json, boolean composes, boolean ignoresMerges, boolean addsBos) {
    private static final Map<String, PreTokenizer> BY_NAME = read();

    static PreTokenizer of(GgufMetadata metadata) throws IOException {
        String name = metadata.text("tokenizer.ggml.pre").orElse("(none)");
        PreTokenizer known = BY_NAME.get(name);
        if (known == null) {
            throw new IOException("%s: tokenizer.ggml.pre is %.100s, which is not supported; supported are %s"
                    .formatted(metadata.file(), name, String.join(", ", BY_NAME.keySet())));
        }
        return known;
    }

    private static Map<String, PreTokenizer> read() {
        Map<String, PreTokenizer> byName = new TreeMap<>();
        try (InputStream json = PreTokenizer.class.getResourceAsStream("pre-tokenizers.json")) {
            for (JsonNode kind : new JsonMapper().readTree(json)) {
                PreTokenizer made = new PreTokenizer(
                        kind.path("pre_tokenizer"),
                        kind.path("compose").asBoolean(),
                        kind.path("ignore_merges").asBoolean(),
                        kind.path("add_bos").asBoolean());
                kind.path("names").forEach(name -> byName.put(name.asString(), made));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return byName;
    }
}
