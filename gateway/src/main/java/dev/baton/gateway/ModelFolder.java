package dev.baton.gateway;

import dev.baton.checkpoint.ModelFiles;
import dev.baton.protocol.v1.Sampling;
import dev.baton.tokenizer.ModelTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import tools.jackson.databind.JsonNode;

/**
 * The parts of a model that the edge reads: the tokenizer, the longest context, and the sampling that the
 * model's makers recommend, for requests that leave it open. Closing it closes the tokenizer.
 */
final class ModelFolder implements AutoCloseable {
    private final ModelTokenizer tokenizer;
    private final int maxContext;
    private final Sampling defaults;

    private ModelFolder(ModelTokenizer tokenizer, int maxContext, Sampling defaults) {
        this.tokenizer = tokenizer;
        this.maxContext = maxContext;
        this.defaults = defaults;
    }

    /** @throws IOException when a file is missing or broken, or the tokenizer gives ids that the model does not have */
    static ModelFolder open(Path model, Clock clock) throws IOException {
        ModelFiles files = ModelFiles.of(model);
        JsonNode config = files.requiredConfig();
        int maxContext = number(config, "max_position_embeddings");
        if (maxContext < 1) {
            throw new IOException("config.json in " + model + " has no max_position_embeddings");
        }
        Sampling defaults = sampling(files.generationConfig());
        ModelTokenizer tokenizer = ModelTokenizer.open(model, clock);
        int vocabulary = number(config, "vocab_size");
        if (vocabulary > 0 && tokenizer.vocabularySize() > vocabulary) {
            int beyond = tokenizer.vocabularySize() - 1;
            String token = tokenizer.tokenText(beyond);
            tokenizer.close();
            throw new IOException("the tokenizer in %s has token %d, '%.100s', and the model a vocabulary of %d"
                    .formatted(model, beyond, token, vocabulary));
        }
        return new ModelFolder(tokenizer, maxContext, defaults);
    }

    private static int number(JsonNode config, String name) {
        return config.path(name).asInt(config.path("text_config").path(name).asInt(0));
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
