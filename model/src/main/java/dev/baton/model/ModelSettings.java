package dev.baton.model;

import dev.baton.kernel.WeightType;
import dev.baton.kv.KvDtype;
import java.nio.file.Path;
import java.util.Locale;

/**
 * How a model folder is to be opened.
 *
 * @param folder a Hugging Face folder, or a GGUF file
 * @param name what clients call the model
 * @param precision how weights and KV are held
 * @param threads CPU threads that share each product, the engine's own included
 * @param blockTokens tokens of a KV block
 * @param context longest sequence that is served; 0 for the model's own. Some rotations are made for it
 */
public record ModelSettings(Path folder, String name, Precision precision, int threads, int blockTokens, int context) {
    public ModelSettings {
        if (threads < 1 || threads > 256) {
            throw new IllegalArgumentException("threads = %d: between 1 and 256 are possible".formatted(threads));
        }
        if (blockTokens < 1 || blockTokens > 1024) {
            throw new IllegalArgumentException(
                    "blockTokens = %d: between 1 and 1024 are possible".formatted(blockTokens));
        }
        if (context < 0) {
            throw new IllegalArgumentException("context = %d: 0 or more are possible".formatted(context));
        }
        if (name.isBlank()) {
            throw new IllegalArgumentException("the model's name is blank");
        }
    }

    /** With the model's own context. */
    public ModelSettings(Path folder, String name, Precision precision, int threads, int blockTokens) {
        this(folder, name, precision, threads, blockTokens, 0);
    }

    /** With weights as they are stored. */
    public ModelSettings(Path folder, String name, DtypeChoice dtype, int threads, int blockTokens) {
        this(folder, name, new Precision(dtype, WeightChoice.STORED), threads, blockTokens);
    }

    /** What numbers are rounded to. */
    public record Precision(DtypeChoice dtype, WeightChoice weights) {
        /** How a matrix is packed that the checkpoint stores like that. */
        public WeightType packed(WeightType stored) {
            return switch (weights) {
                case STORED -> stored == WeightType.F32 && dtype != DtypeChoice.F32 ? WeightType.BF16 : stored;
                case INT8 -> WeightType.I8;
                case W8A8 -> WeightType.W8A8;
                case BF16, INT4 -> WeightType.BF16;
            };
        }

        /** Whether matrices that are stored in groups of weights are computed with as they are. */
        public boolean keepsGroups() {
            return weights == WeightChoice.STORED && dtype != DtypeChoice.F32;
        }

        /** Whether blocks with a scale are rounded to bf16 when they are read. */
        boolean roundsBlocks() {
            return weights != WeightChoice.STORED && dtype != DtypeChoice.F32;
        }

        /** How keys and values are held. */
        public KvDtype kv() {
            return dtype == DtypeChoice.F32 ? KvDtype.F32 : KvDtype.BF16;
        }

        /** For matrices that stay as they are stored whatever is chosen for the others. */
        Precision unquantised() {
            return new Precision(dtype, WeightChoice.STORED);
        }
    }

    /**
     * What the matrices of the linear layers, the last one included, are rounded to while they are read. Embeddings, norms
     * and the routers of experts stay as they are.
     */
    public enum WeightChoice {
        /** As the checkpoint has them, groups of 4 and 8 bits too; see {@link DtypeChoice} for f32. */
        STORED,
        /** int8 with a scale for each output; activations stay f32. */
        INT8,
        /** int8 with a scale for each output, times activations that are rounded to int8 with a scale for each token. */
        W8A8,
        /** bf16, whatever the checkpoint has. */
        BF16,
        /**
         * 4 bits in groups of 32 with a scale each, 8 bits in the last layer, times activations that are rounded to int8
         * group by group. Matrices whose inputs are no multiple of 32 become bf16.
         */
        INT4;

        /** The choice of that name in lower case. */
        public static WeightChoice named(String name) {
            return valueOf(name.toUpperCase(Locale.ROOT));
        }
    }

    /** What the KV cache is rounded to; arithmetic is f32. */
    public enum DtypeChoice {
        /** BF16: half the KV bytes to keep and to move. */
        AUTO,
        BF16,
        /** Also keeps f32 weights as they are, otherwise rounded to bf16, and reads stored groups as f32. */
        F32
    }
}
