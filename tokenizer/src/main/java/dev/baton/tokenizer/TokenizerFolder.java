package dev.baton.tokenizer;

import dev.baton.tokenizer.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/** The files of a Hugging Face model folder that say how text becomes tokens. */
final class TokenizerFolder {
    private static final long MAX_FILE_BYTES = 256L << 20;
    private static final JsonMapper JSON = new JsonMapper();

    private final Path folder;
    private final JsonNode config;

    TokenizerFolder(Path folder) throws IOException {
        if (!Files.isRegularFile(folder.resolve("tokenizer.json"))) {
            throw new IOException("The model folder " + folder
                    + " has no tokenizer.json: name a folder in Hugging Face layout with a fast tokenizer.");
        }
        this.folder = folder;
        this.config = read("tokenizer_config.json");
    }

    Path tokenizerJson() {
        return folder.resolve("tokenizer.json");
    }

    /** The whole of tokenizer.json; large. */
    JsonNode tokenizer() throws IOException {
        return read("tokenizer.json");
    }

    TokenTable table(JsonNode tokenizer) throws IOException {
        try {
            return TokenTable.of(tokenizer);
        } catch (IllegalArgumentException e) {
            throw new IOException("The tokenizer in " + folder + " cannot be used: " + e.getMessage(), e);
        }
    }

    /** Names that a template finds beside the messages: bos_token, eos_token and their like, as text. */
    Map<String, String> specialTokens() throws IOException {
        Map<String, String> tokens = new LinkedHashMap<>();
        collect(read("special_tokens_map.json"), tokens);
        collect(config, tokens);
        return tokens;
    }

    private static void collect(JsonNode node, Map<String, String> tokens) {
        node.properties().forEach(e -> {
            String text = tokenText(e.getValue());
            if (e.getKey().endsWith("_token") && text != null) {
                tokens.put(e.getKey(), text);
            }
        });
    }

    private static @Nullable String tokenText(JsonNode node) {
        JsonNode text = node.isObject() ? node.path("content") : node;
        return text.isString() ? text.asString() : null;
    }

    /** Templates by name; the one that a folder has alone is {@code default}. Empty when it has none. */
    Map<String, ChatTemplate> chatTemplates() throws IOException {
        Map<String, ChatTemplate> templates = new LinkedHashMap<>();
        JsonNode inConfig = config.path("chat_template");
        if (inConfig.isString()) {
            templates.put("default", ChatTemplate.parse(inConfig.asString()));
        }
        for (JsonNode named : inConfig.isArray() ? inConfig : MissingNode.getInstance()) {
            templates.put(
                    named.path("name").asString("default"),
                    ChatTemplate.parse(named.path("template").asString("")));
        }
        Path file = folder.resolve("chat_template.jinja");
        if (Files.isRegularFile(file)) {
            templates.put("default", ChatTemplate.parse(Files.readString(file)));
        }
        return templates;
    }

    /** Ids that end an answer: what generation_config.json (else config.json) names, and the tokenizer's eos_token. */
    int[] stopIds(TokenTable table) throws IOException {
        TreeSet<Integer> ids = new TreeSet<>();
        JsonNode eos = read("generation_config.json").path("eos_token_id");
        if (eos.isMissingNode() || eos.isNull()) {
            eos = read("config.json").path("eos_token_id");
        }
        if (eos.isInt()) {
            ids.add(eos.asInt());
        }
        eos.forEach(id -> ids.add(id.asInt()));
        String eosToken = specialTokens().get("eos_token");
        Integer id = eosToken == null ? null : table.id(eosToken);
        if (id != null) {
            ids.add(id);
        }
        return ids.stream().filter(table::has).mapToInt(Integer::intValue).toArray();
    }

    /** The file as a tree; missing when there is no such file. */
    private JsonNode read(String name) throws IOException {
        Path file = folder.resolve(name);
        if (!Files.isRegularFile(file)) {
            return MissingNode.getInstance();
        }
        if (Files.size(file) > MAX_FILE_BYTES) {
            throw new IOException(
                    file + " has " + Files.size(file) + " bytes; at most " + MAX_FILE_BYTES + " are read.");
        }
        try {
            return JSON.readTree(Files.readAllBytes(file));
        } catch (JacksonException e) {
            throw new IOException(file + " is not valid JSON: " + e.getOriginalMessage(), e);
        }
    }
}
