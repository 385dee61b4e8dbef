package dev.baton.model;

import dev.baton.model.Family.Trait;
import java.util.List;

/** Which stored tensors make up one layer, by family: their names and sizes, whatever they are read into. */
public record LayerTensors(ModelConfig config, Checkpoint checkpoint, String at) {
    public LayerTensors(ModelConfig config, Checkpoint checkpoint, int index) {
        this(config, checkpoint, "model.layers." + index + ".");
    }

    /** A stored matrix with that many outputs; its bias, if it has one, has the same name but for the end. */
    public record Part(String name, long outputs) {
        public String bias() {
            return name.substring(0, name.length() - "weight".length()) + "bias";
        }
    }

    /** Matrices on top of each other, with the inputs that they share. */
    public record Stack(long inputs, List<Part> parts) {
        public Stack(long inputs, Part... parts) {
            this(inputs, List.of(parts));
        }

        public long outputs() {
            return parts.stream().mapToLong(Part::outputs).sum();
        }
    }

    /** The matrix from the last hidden state to logits: the stored one, whatever the configuration says of tying. */
    public static Stack head(ModelConfig config, Checkpoint checkpoint) {
        if (checkpoint.has("lm_head.weight")) {
            return new Stack(config.hidden, new Part("lm_head.weight", config.vocab));
        }
        if (!config.tied) {
            throw new UnsupportedModelException(
                    "the checkpoint lacks lm_head.weight and does not tie it to the embeddings");
        }
        return new Stack(config.hidden, new Part("model.embed_tokens.weight", config.vocab));
    }

    public Stack qkv() {
        long query = (long) config.heads * config.headDim;
        long key = (long) config.kvHeads * config.headDim;
        return config.family.has(Trait.FUSED_QKV)
                ? new Stack(config.hidden, new Part(at + "self_attn.qkv_proj.weight", query + 2 * key))
                : new Stack(
                        config.hidden,
                        new Part(at + "self_attn.q_proj.weight", query),
                        new Part(at + "self_attn.k_proj.weight", key),
                        new Part(at + "self_attn.v_proj.weight", key));
    }

    public Stack out() {
        return new Stack((long) config.heads * config.headDim, new Part(at + "self_attn.o_proj.weight", config.hidden));
    }

    public boolean routed() {
        return config.family.has(Trait.EXPERTS)
                && checkpoint.has(at + config.family.experts().router());
    }

    public Stack router() {
        return new Stack(config.hidden, new Part(at + config.family.experts().router(), config.routing.experts()));
    }

    /** Gate rows, then up rows, of a layer's plain MLP. */
    public Stack gateUp() {
        return config.family.has(Trait.FUSED_GATE_UP)
                ? new Stack(config.hidden, new Part(at + "mlp.gate_up_proj.weight", 2L * config.intermediate))
                : new Stack(
                        config.hidden,
                        new Part(at + "mlp.gate_proj.weight", config.intermediate),
                        new Part(at + "mlp.up_proj.weight", config.intermediate));
    }

    public Stack down() {
        return new Stack(config.intermediate, new Part(at + "mlp.down_proj.weight", config.hidden));
    }

    public Stack expertGateUp(int index) {
        Family.ExpertNames names = config.family.experts();
        String expert = at + names.experts() + index;
        return new Stack(
                config.hidden,
                new Part(expert + names.gate(), config.routing.width()),
                new Part(expert + names.up(), config.routing.width()));
    }

    public Stack expertDown(int index) {
        Family.ExpertNames names = config.family.experts();
        return new Stack(config.routing.width(), new Part(at + names.experts() + index + names.down(), config.hidden));
    }
}
