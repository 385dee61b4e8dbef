package dev.baton.engine.model;

import java.nio.file.Path;

/**
 * How a model folder is to be opened.
 *
 * @param folder Hugging Face layout: {@code config.json}, {@code *.safetensors}
 * @param name what clients call the model
 * @param threads CPU threads that share each product, the engine's own included
 * @param blockTokens tokens of a KV block
 */
public record ModelSettings(Path folder, String name, DtypeChoice dtype, int threads, int blockTokens) {
    public ModelSettings {
        if (threads < 1 || threads > 256) {
            throw new IllegalArgumentException("threads = %d: between 1 and 256 are possible".formatted(threads));
        }
        if (blockTokens < 1 || blockTokens > 1024) {
            throw new IllegalArgumentException(
                    "blockTokens = %d: between 1 and 1024 are possible".formatted(blockTokens));
        }
        if (name.isBlank()) {
            throw new IllegalArgumentException("the model's name is blank");
        }
    }

    /** What the KV cache is rounded to; arithmetic is f32. */
    public enum DtypeChoice {
        /** BF16: half the KV bytes to keep and to move. */
        AUTO,
        BF16,
        /** Also keeps f32 weights as they are; otherwise those are rounded to bf16. */
        F32
    }
}
