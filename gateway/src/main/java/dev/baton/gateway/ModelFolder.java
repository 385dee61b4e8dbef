package dev.baton.gateway;

import dev.baton.protocol.v1.Sampling;
import dev.baton.tokenizer.ModelTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The parts of a Hugging Face folder that the edge reads: the tokenizer, the longest context, and the sampling that the
 * model's makers recommend, for requests that leave it open. Closing it closes the tokenizer.
 */
final class ModelFolder implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.shared();

    private final ModelTokenizer tokenizer;
    private final int maxContext;
    private final Sampling defaults;

    private ModelFolder(ModelTokenizer tokenizer, int maxContext, Sampling defaults) {
        this.tokenizer = tokenizer;
        this.maxContext = maxContext;
        this.defaults = defaults;
    }

    static ModelFolder open(Path folder, Clock clock) throws IOException {
        JsonNode config = read(folder.resolve("config.json"));
        int maxContext = config.path("max_position_embeddings")
                .asInt(config.path("text_config")
                        .path("max_position_embeddings")
                        .asInt(0));
        if (maxContext < 1) {
            throw new IOException("config.json in " + folder + " has no max_position_embeddings");
        }
        Path generation = folder.resolve("generation_config.json");
        Sampling defaults = Files.exists(generation) ? sampling(read(generation)) : sampling(JSON.createObjectNode());
        return new ModelFolder(ModelTokenizer.open(folder, clock), maxContext, defaults);
    }

    private static JsonNode read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(
                    "There is no " + file + ", so its folder is not a model folder (setting" + " baton.model.folder)");
        }
        try {
            return JSON.readTree(Files.readAllBytes(file));
        } catch (JacksonException e) {
            throw new IOException(file + " is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static Sampling sampling(JsonNode config) {
        Sampling.Builder sampling = Sampling.newBuilder()
                .setTemperature((float) config.path("temperature").asDouble(1))
                .setTopK(Math.max(0, config.path("top_k").asInt(0)))
                .setMinP((float) config.path("min_p").asDouble(0));
        if (config.path("top_p").isNumber()) {
            sampling.setTopP((float) config.path("top_p").asDouble());
        }
        if (config.path("repetition_penalty").isNumber()) {
            sampling.setRepetitionPenalty(
                    (float) config.path("repetition_penalty").asDouble());
        }
        return sampling.build();
    }

    ModelTokenizer tokenizer() {
        return tokenizer;
    }

    int maxContext() {
        return maxContext;
    }

    Sampling defaults() {
        return defaults;
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
