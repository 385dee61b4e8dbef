package dev.baton.checkpoint;

import dev.baton.checkpoint.gguf.GgufFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * What a model is made of, wherever it lies. Each of the documents has the name and the content of the file of a Hugging Face
 * folder; one that is not there is a missing node.
 */
public sealed interface ModelFiles permits HuggingFaceFolder, GgufModel {
    /**
     * @param model a Hugging Face folder, a GGUF file, or a folder that holds one GGUF file and no {@code config.json}
     * @throws IOException when it is neither, or is not sound
     */
    static ModelFiles of(Path model) throws IOException {
        if (!Files.exists(model)) {
            throw new IOException("%s is missing: name a Hugging Face folder or a GGUF file".formatted(model));
        }
        Optional<Path> gguf = gguf(model);
        return gguf.isPresent() ? new GgufModel(GgufFolder.open(gguf.get())) : new HuggingFaceFolder(model);
    }

    /** The GGUF file that a path means, if it means one. */
    private static Optional<Path> gguf(Path model) throws IOException {
        if (!Files.isDirectory(model)) {
            return Optional.of(model);
        }
        if (Files.isRegularFile(model.resolve("config.json"))) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(model)) {
            List<Path> found =
                    files.filter(ModelFiles::isGguf).sorted().limit(9).toList();
            if (found.size() > 1) {
                throw new IOException(
                        "%s holds several GGUF files: name one of them, such as %s".formatted(model, found.getFirst()));
            }
            return found.stream().findFirst();
        }
    }

    private static boolean isGguf(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        // A projector is the eye of a model, not the model.
        return name.endsWith(".gguf") && !name.startsWith("mmproj");
    }

    /** What clients call a model without baton.model.name: the folder's name, or the file's without its ending. */
    static String defaultName(Path model) {
        Path name = model.toAbsolutePath().normalize().getFileName();
        return name == null ? "model" : name.toString().replaceFirst("(?i)\\.gguf$", "");
    }

    /** The folder or the file. */
    Path path();

    /** The files that hold weights, and that are read; those beside them are not. */
    List<Path> weights() throws IOException;

    /** About what the weights take in memory, as they are computed with unless settings say otherwise. */
    long weightBytes() throws IOException;

    /** {@code config.json}. */
    JsonNode config() throws IOException;

    /** {@code config.json}, without which nothing can be computed. */
    default JsonNode requiredConfig() throws IOException {
        JsonNode config = config();
        if (config.isMissingNode()) {
            throw new IOException(
                    "%s has no config.json: a model is a folder with config.json, tokenizer.json and *.safetensors, or one GGUF file"
                            .formatted(path()));
        }
        return config;
    }

    JsonNode generationConfig() throws IOException;

    /** {@code tokenizer.json}; large. */
    JsonNode tokenizer() throws IOException;

    /** Where {@code tokenizer.json} lies, if it is a file. */
    Optional<Path> tokenizerFile();

    JsonNode tokenizerConfig() throws IOException;

    JsonNode specialTokensMap() throws IOException;

    /** {@code chat_template.jinja}, which goes before what {@code tokenizer_config.json} has. */
    Optional<String> chatTemplate() throws IOException;
}
