package dev.baton.tokenizer;

import dev.baton.tokenizer.template.ChatTemplate;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What decides the tokens of a prompt, as SHA-256 in hex. White space of the files counts for nothing.
 *
 * @param vocabulary of how text becomes tokens
 * @param templates of how a conversation becomes text
 */
public record TokenizerDigests(String vocabulary, String templates) {
    /**
     * @param tokenizer tokenizer.json
     * @param tokens names that templates find, such as {@code bos_token}
     */
    static TokenizerDigests of(JsonNode tokenizer, Map<String, ChatTemplate> templates, Map<String, String> tokens) {
        Map<String, String> sources = new TreeMap<>();
        templates.forEach((name, template) -> sources.put(name, template.source()));
        MessageDigest vocabulary = sha256();
        JsonMapper.shared().writeValue(new DigestOutputStream(OutputStream.nullOutputStream(), vocabulary), tokenizer);
        String rendering = JsonMapper.shared().writeValueAsString(List.of(sources, new TreeMap<>(tokens)));
        return new TokenizerDigests(
                HexFormat.of().formatHex(vocabulary.digest()),
                HexFormat.of().formatHex(sha256().digest(rendering.getBytes(StandardCharsets.UTF_8))));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
