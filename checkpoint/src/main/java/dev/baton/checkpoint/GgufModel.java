package dev.baton.checkpoint;

import dev.baton.checkpoint.gguf.GgufFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** One GGUF file. */
public record GgufModel(GgufFolder folder) implements ModelFiles {
    @Override
    public Path path() {
        return folder.file();
    }

    @Override
    public List<Path> weights() {
        return List.of(folder.file());
    }

    @Override
    public long weightBytes() {
        return folder.heldBytes();
    }

    @Override
    public JsonNode config() throws IOException {
        return folder.config();
    }

    @Override
    public JsonNode generationConfig() throws IOException {
        return folder.generationConfig();
    }

    @Override
    public JsonNode tokenizer() throws IOException {
        return folder.tokenizer();
    }

    @Override
    public Optional<Path> tokenizerFile() {
        return Optional.empty();
    }

    @Override
    public JsonNode tokenizerConfig() throws IOException {
        return folder.tokenizerConfig();
    }

    @Override
    public JsonNode specialTokensMap() {
        return MissingNode.getInstance();
    }

    @Override
    public Optional<String> chatTemplate() {
        return Optional.empty();
    }
}
