package dev.baton.engine.simulated;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelShape;
import dev.baton.engine.OpenModel;
import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import java.util.Set;

/**
 * A simulated model of some shape.
 *
 * @param vocab tokens it chooses from; the stop tokens among them are as likely as any other
 * @param layers of its KV: one head of eight bf16 elements each, 32 bytes a token
 */
public record SimulatedModel(
        String name, int vocab, int maxContext, Set<Integer> stopTokens, int layers, int blockTokens, StepCost cost)
        implements OpenModel {
    private static final int HEAD_DIM = 8;

    public SimulatedModel {
        stopTokens = Set.copyOf(stopTokens);
    }

    @Override
    public KvLayout layout(int blocks) {
        return KvLayout.uniform(layers, 1, HEAD_DIM, blockTokens, KvDtype.BF16, blocks);
    }

    @Override
    public ModelShape shape(int blocks) {
        long fingerprint = Mixing.mix(Mixing.mix(vocab, layers), blockTokens);
        return new ModelShape(
                name, fingerprint, vocab, maxContext, stopTokens, layout(blocks), true, "simulated", "simulated");
    }

    @Override
    public ModelRunner bind(KvRegion region) {
        return new SimulatedRunner(shape(region.layout().blocks()), region, cost);
    }

    @Override
    public void close() {}
}
