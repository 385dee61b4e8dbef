package dev.baton.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/** A folder with {@code config.json}, {@code tokenizer.json} and {@code *.safetensors}. */
public record HuggingFaceFolder(Path path) implements ModelFiles {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final long MAX_CONFIG = 1 << 20;
    private static final long MAX_TOKENIZER = 256L << 20;
    private static final JsonMapper JSON = new JsonMapper();

    /** By name of the tensor, the file that holds it; empty where one file holds all. */
    public Map<String, Path> shards() throws IOException {
        if (Files.isRegularFile(path.resolve(SINGLE))) {
            return Map.of();
        }
        if (!Files.isRegularFile(path.resolve(INDEX))) {
            throw new IOException("%s holds neither %s nor %s".formatted(path, SINGLE, INDEX));
        }
        Map<String, Path> shards = new LinkedHashMap<>();
        ShardIndex.read(path.resolve(INDEX)).forEach((tensor, file) -> shards.put(tensor, path.resolve(file)));
        return shards;
    }

    /** One file before an index, as elsewhere: what an older save left beside it is not read. */
    @Override
    public List<Path> weights() throws IOException {
        Map<String, Path> shards = shards();
        return shards.isEmpty()
                ? List.of(path.resolve(SINGLE))
                : shards.values().stream().distinct().toList();
    }

    @Override
    public long weightBytes() throws IOException {
        long bytes = 0;
        for (Path file : weights()) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    @Override
    public JsonNode config() throws IOException {
        return read("config.json", MAX_CONFIG);
    }

    @Override
    public JsonNode generationConfig() throws IOException {
        return read("generation_config.json", MAX_CONFIG);
    }

    @Override
    public JsonNode tokenizer() throws IOException {
        JsonNode tokenizer = read("tokenizer.json", MAX_TOKENIZER);
        if (tokenizer.isMissingNode()) {
            throw new IOException("The model folder " + path
                    + " has no tokenizer.json: name a folder in Hugging Face layout with a fast tokenizer.");
        }
        return tokenizer;
    }

    @Override
    public Optional<Path> tokenizerFile() {
        return Optional.of(path.resolve("tokenizer.json"));
    }

    @Override
    public JsonNode tokenizerConfig() throws IOException {
        return read("tokenizer_config.json", MAX_TOKENIZER);
    }

    @Override
    public JsonNode specialTokensMap() throws IOException {
        return read("special_tokens_map.json", MAX_TOKENIZER);
    }

    @Override
    public Optional<String> chatTemplate() throws IOException {
        Path file = path.resolve("chat_template.jinja");
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        checkSize(file, MAX_CONFIG);
        return Optional.of(Files.readString(file));
    }

    private JsonNode read(String name, long most) throws IOException {
        Path file = path.resolve(name);
        if (!Files.isRegularFile(file)) {
            return MissingNode.getInstance();
        }
        checkSize(file, most);
        try {
            return JSON.readTree(Files.readAllBytes(file));
        } catch (JacksonException e) {
            throw new IOException("%s is not JSON: %s".formatted(file, e.getOriginalMessage()), e);
        }
    }

    private static void checkSize(Path file, long most) throws IOException {
        long bytes = Files.size(file);
        if (bytes > most) {
            throw new IOException("%s has %d bytes; at most %d are read".formatted(file, bytes, most));
        }
    }
}
