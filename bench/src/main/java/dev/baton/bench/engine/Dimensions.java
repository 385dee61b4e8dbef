package dev.baton.bench.engine;

import dev.baton.checkpoint.ModelFiles;
import java.io.IOException;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;

/**
 * How much a model of dense layers reads and computes, as its {@code config.json} has it.
 *
 * @param layerWeights weights of the products of all layers
 * @param headWeights weights of the product that makes logits
 * @param keyWidth elements of a token's keys in all layers, and of its values
 * @param queryWidth elements of a token's queries in all layers
 */
record Dimensions(long layerWeights, long headWeights, long keyWidth, long queryWidth) {
    static Dimensions read(Path model) throws IOException {
        return of(ModelFiles.of(model).requiredConfig());
    }

    static Dimensions of(JsonNode config) {
        long hidden = config.path("hidden_size").asLong();
        long layers = config.path("num_hidden_layers").asLong();
        long heads = config.path("num_attention_heads").asLong();
        long kvHeads = config.path("num_key_value_heads").asLong(heads);
        long dim = config.path("head_dim").asLong(hidden / heads);
        long attention = hidden * (heads + 2 * kvHeads) * dim + heads * dim * hidden;
        long mlp = 3 * hidden * config.path("intermediate_size").asLong();
        return new Dimensions(
                layers * (attention + mlp),
                hidden * config.path("vocab_size").asLong(),
                layers * kvHeads * dim,
                layers * heads * dim);
    }

    /** Bytes that one pass of the cell must read: each weight once, and the KV (bf16) of each sequence. */
    double bytes(Cell cell, WeightFormat weights) {
        double all = layerWeights * weights.layerBytes + headWeights * weights.headBytes;
        return switch (cell.kind()) {
            case DECODE -> all + cell.size() * meanContext() * keyWidth * 2 * 2;
            case PREFILL -> all;
        };
    }

    /** Operations of the products in one pass of the cell; a multiply-add counts as two. */
    double productFlops(Cell cell) {
        return switch (cell.kind()) {
            case DECODE -> 2.0 * (layerWeights + headWeights) * cell.size();
            case PREFILL -> 2.0 * layerWeights * cell.size() + 2.0 * headWeights;
        };
    }

    /** Operations of attention in one pass of the cell: each query with each key before it, and the same for values. */
    double attentionFlops(Cell cell) {
        return switch (cell.kind()) {
            case DECODE -> 4.0 * queryWidth * meanContext() * cell.size();
            case PREFILL -> 4.0 * queryWidth * cell.size() * (cell.size() + 1) / 2;
        };
    }

    private static double meanContext() {
        return Cell.CONTEXT + Cell.STEPS / 2.0;
    }
}
