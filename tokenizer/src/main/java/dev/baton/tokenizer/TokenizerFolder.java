package dev.baton.tokenizer;

import dev.baton.checkpoint.ModelFiles;
import dev.baton.tokenizer.template.ChatTemplate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** The files of a model that say how text becomes tokens. */
final class TokenizerFolder {
    private static final long MAX_TEMPLATE_BYTES = 4L << 20;
    private static final String TEMPLATE_SUFFIX = ".jinja";

    private final ModelFiles files;
    private final Path folder;
    private final JsonNode config;

    TokenizerFolder(Path model) throws IOException {
        this.folder = model;
        this.files = ModelFiles.of(model);
        this.config = files.tokenizerConfig();
    }

    /** The whole of tokenizer.json; large. */
    JsonNode tokenizer() throws IOException {
        return files.tokenizer();
    }

    /** @param json what {@link #tokenizer} gave */
    PieceEncoder encoder(JsonNode json) throws IOException {
        Optional<Path> file = files.tokenizerFile();
        if (file.isPresent()) {
            return PieceEncoder.open(file.get(), json);
        }
        byte[] bytes = json.toString().getBytes(StandardCharsets.UTF_8);
        return PieceEncoder.around(NativeEncoder.open(bytes), json);
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
        collect(files.specialTokensMap(), tokens);
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

    /**
     * Templates by name, as transformers finds them: {@code chat_template.jinja} is {@code default}, a file of {@code
     * additional_chat_templates} has its own name, and those in tokenizer_config.json count only where no file is. Empty
     * when there is none.
     */
    Map<String, ChatTemplate> chatTemplates() throws IOException {
        Map<String, ChatTemplate> templates = templateFiles();
        if (!templates.isEmpty()) {
            return templates;
        }
        JsonNode inConfig = config.path("chat_template");
        if (inConfig.isString()) {
            templates.put("default", ChatTemplate.parse(inConfig.asString()));
        }
        for (JsonNode named : inConfig.isArray() ? inConfig : MissingNode.getInstance()) {
            templates.put(
                    named.path("name").asString("default"),
                    ChatTemplate.parse(named.path("template").asString("")));
        }
        return templates;
    }

    private Map<String, ChatTemplate> templateFiles() throws IOException {
        Map<String, ChatTemplate> templates = new LinkedHashMap<>();
        Optional<String> own = files.chatTemplate();
        if (own.isPresent()) {
            templates.put("default", ChatTemplate.parse(own.get()));
        }
        Path more = folder.resolve("additional_chat_templates");
        if (Files.isDirectory(more)) {
            try (DirectoryStream<Path> named = Files.newDirectoryStream(more, "*" + TEMPLATE_SUFFIX)) {
                for (Path file : named) {
                    String name = file.getFileName().toString();
                    templates.put(name.substring(0, name.length() - TEMPLATE_SUFFIX.length()), template(file));
                }
            }
        }
        return templates;
    }

    private static ChatTemplate template(Path file) throws IOException {
        if (Files.size(file) > MAX_TEMPLATE_BYTES) {
            throw new IOException(
                    file + " has " + Files.size(file) + " bytes; at most " + MAX_TEMPLATE_BYTES + " are read.");
        }
        return ChatTemplate.parse(Files.readString(file));
    }

    /** Ids that end an answer: what generation_config.json (else config.json) names, and the tokenizer's eos_token. */
    int[] stopIds(TokenTable table) throws IOException {
        TreeSet<Integer> ids = new TreeSet<>();
        JsonNode eos = files.generationConfig().path("eos_token_id");
        if (eos.isMissingNode() || eos.isNull()) {
            eos = files.config().path("eos_token_id");
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
}
