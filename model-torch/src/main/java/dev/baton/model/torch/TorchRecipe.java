package dev.baton.model.torch;

import dev.baton.libtorch.TorchArgument;
import dev.baton.model.Checkpoint;
import dev.baton.model.Family.Trait;
import dev.baton.model.LayerTensors;
import dev.baton.model.LayerTensors.Stack;
import dev.baton.model.ModelConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The tensors of a layer on a device, in the order of its list, and how each is read. */
final class TorchRecipe {
    private final Map<String, Function<TorchWeights, TorchArgument>> tensors = new LinkedHashMap<>();

    /** Names in order. Layers with equal slots run the same script. */
    record Slots(List<String> names) {
        boolean has(String name) {
            return names.contains(name);
        }

        int index(String name) {
            int index = names.indexOf(name);
            if (index < 0) {
                throw new IllegalArgumentException("a layer without " + name);
            }
            return index;
        }

        /** The tensor, as the script names it. */
        String at(String name) {
            return "w[" + index(name) + "]";
        }
    }

    TorchRecipe(ModelConfig config, Checkpoint checkpoint, int index) {
        LayerTensors of = new LayerTensors(config, checkpoint, index);
        norms(config, of.at());
        linear("qkv", of.qkv(), checkpoint);
        linear("out", of.out(), checkpoint);
        if (!of.routed()) {
            linear("gateUp", of.gateUp(), checkpoint);
            linear("down", of.down(), checkpoint);
            return;
        }
        // The choice of experts is f32: a rounded score may choose others.
        tensors.put("router", to -> to.wide(of.router()));
        for (int i = 0; i < config.routing.experts(); i++) {
            Stack gateUp = of.expertGateUp(i);
            Stack down = of.expertDown(i);
            tensors.put("expert" + i + "GateUp", to -> to.matrix(gateUp));
            tensors.put("expert" + i + "Down", to -> to.matrix(down));
        }
    }

    private void norms(ModelConfig config, String at) {
        norm("norm", at + "input_layernorm.weight", config.hidden);
        boolean sandwich = config.family.has(Trait.SANDWICH_NORMS);
        norm(sandwich ? "afterAttention" : "mlpNorm", at + "post_attention_layernorm.weight", config.hidden);
        if (sandwich) {
            norm("mlpNorm", at + "pre_feedforward_layernorm.weight", config.hidden);
            norm("afterMlp", at + "post_feedforward_layernorm.weight", config.hidden);
        }
        if (config.family.has(Trait.QUERY_KEY_NORM)) {
            norm("queryNorm", at + "self_attn.q_norm.weight", config.headDim);
            norm("keyNorm", at + "self_attn.k_norm.weight", config.headDim);
        }
    }

    private void norm(String slot, String name, int width) {
        tensors.put(slot, to -> to.norm(name, width));
    }

    private void linear(String slot, Stack stack, Checkpoint checkpoint) {
        tensors.put(slot, to -> to.matrix(stack));
        if (stack.parts().stream().anyMatch(part -> checkpoint.has(part.bias()))) {
            tensors.put(slot + "Bias", to -> to.bias(stack));
        }
    }

    Slots slots() {
        return new Slots(List.copyOf(tensors.keySet()));
    }

    List<TorchArgument> read(TorchWeights to) {
        return tensors.values().stream().map(how -> how.apply(to)).toList();
    }
}
