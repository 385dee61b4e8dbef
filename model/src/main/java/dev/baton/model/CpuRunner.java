package dev.baton.model;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelShape;
import dev.baton.engine.sampling.LogitOps;
import dev.baton.kernel.AddRmsNorm;
import dev.baton.kernel.ApplyRope;
import dev.baton.kernel.Attention;
import dev.baton.kernel.Kernels;
import dev.baton.kernel.LogitKernels;
import dev.baton.kernel.MatrixView;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The forward pass on the CPU: the kernels' operations one after the other. */
final class CpuRunner implements ModelRunner {
    private final CpuModel model;
    private final ModelConfig config;
    private final Kernels kernels;
    private final KvRegion region;
    private final Attention.Heads heads;
    private final ModelShape shape;
    private final ApplyRope.Shape ropeShape;
    private final Experts experts;
    private final GrowableBuffers<Buffers> whole = new GrowableBuffers<>(this::buffers);
    private final GrowableBuffers<Buffers> chosen = new GrowableBuffers<>(this::buffers);
    private Arena logitsArena = Arena.ofShared();
    private MemorySegment logits = MemorySegment.NULL;

    /** @param kernels the model's, or others that share its weights */
    CpuRunner(CpuModel model, KvRegion region, Kernels kernels) {
        this.model = model;
        this.region = region;
        config = model.config;
        this.kernels = kernels;
        KvLayout layout = region.layout();
        if (!layout.equals(model.layout(layout.blocks()))) {
            throw new IllegalArgumentException(
                    "the region's layout %s is not the model's %s".formatted(layout, model.layout(layout.blocks())));
        }
        shape = model.shape(layout.blocks());
        heads = new Attention.Heads(config.heads, config.kvHeads, config.headDim, config.headDim);
        ropeShape = new ApplyRope.Shape(config.heads, config.kvHeads, config.headDim, config.rotated / 2);
        experts = new Experts(config, kernels);
    }

    @Override
    public ModelShape shape() {
        return shape;
    }

    @Override
    public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
        int rows = Slices.check(slices, config, region.layout());
        Buffers b = whole.of(rows);
        int[] last = Slices.lastRows(slices);
        try (Arena step = Arena.ofConfined()) {
            Attention.Batch batch = b.describe(slices, model.ropes, step);
            model.ends.embedding().gather(b.ids.at(), b.rows, b.hidden.at());
            norm(b, null, null, model.layers.getFirst().norms().beforeAttention());
            for (int layer = 0; layer < config.layers; layer++) {
                attend(layer, b, batch);
                progress.layerDone(layer);
                if (layer == config.layers - 1) {
                    if (last.length == 0) {
                        return MemorySegment.NULL;
                    }
                    b = narrow(b, last);
                }
                finish(layer, b);
            }
            return logits(b, last.length);
        }
    }

    private Buffers buffers(int rows) {
        return new Buffers(config, rows, model.ropes.size());
    }

    private void attend(int layer, Buffers b, Attention.Batch batch) {
        LayerWeights weights = model.layers.get(layer);
        weights.qkv().product(kernels, b.normed, b.rows, b.qkv);
        int rope = weights.window() > 0 ? 1 : 0;
        LayerWeights.HeadNorms norms = weights.norms().heads();
        kernels.applyRope(new ApplyRope(
                b.qkv,
                b.cos[rope],
                b.sin[rope],
                b.rows,
                ropeShape,
                norms == null ? null : new ApplyRope.Norms(norms.query(), norms.key(), config.epsilon)));
        KvLayout layout = region.layout();
        long blockBytes = layout.layerBlockBytes(layer);
        Attention.Pool pool = new Attention.Pool(
                region.segment().asSlice(layout.offset(layer, 0), blockBytes * layout.blocks()),
                layout.dtype(),
                layout.blockTokens(),
                blockBytes);
        long key = (long) config.heads * config.headDim;
        MatrixView qkv = b.qkv;
        kernels.attention(
                heads,
                new Attention.Rule(config.scale, config.attentionSoftcap, weights.window()),
                pool,
                batch,
                new Attention.Operands(
                        qkv, qkv.column(key), qkv.column(key + (long) config.kvHeads * config.headDim), b.attended));
    }

    /** The part of a layer after attention, up to the input of the next. */
    private void finish(int layer, Buffers b) {
        LayerWeights weights = model.layers.get(layer);
        LayerWeights.Norms norms = weights.norms();
        LayerWeights.Sandwich sandwich = norms.sandwich();
        MemorySegment next =
                layer + 1 < config.layers ? model.layers.get(layer + 1).norms().beforeAttention() : model.ends.norm();
        weights.out().product(kernels, b.attended, b.rows, b.delta);
        norm(b, b.delta, sandwich == null ? null : sandwich.afterAttention(), norms.beforeMlp());
        switch (weights.mlp()) {
            case LayerWeights.Plain plain -> {
                long width = plain.down().inputs();
                MatrixView gateUp = new MatrixView(b.gateUp.at(), 2 * width);
                MatrixView gated = new MatrixView(b.gated.at(), width);
                plain.gateUp().product(kernels, b.normed, b.rows, gateUp);
                kernels.activationAndMul(
                        config.activation, gateUp, gateUp.column(width), gated, new Kernels.Shape(b.rows, (int) width));
                plain.down().product(kernels, gated, b.rows, b.delta);
            }
            case LayerWeights.Routed routed -> experts.run(routed, b);
        }
        norm(b, b.delta, sandwich == null ? null : sandwich.afterMlp(), next);
    }

    private void norm(Buffers b, @Nullable MatrixView added, @Nullable MemorySegment after, MemorySegment weight) {
        kernels.addRmsNorm(new AddRmsNorm(
                b.hidden.at(),
                added == null ? null : added.at(),
                after,
                weight,
                b.normed.at(),
                new Kernels.Shape(b.rows, config.hidden),
                config.epsilon));
    }

    /** After the last attention only rows whose logits are wanted go on. */
    private Buffers narrow(Buffers b, int[] rows) {
        if (rows.length == b.rows) {
            return b;
        }
        Buffers few = chosen.of(rows.length);
        for (int i = 0; i < rows.length; i++) {
            copyRow(b.hidden, rows[i], few.hidden, i);
            copyRow(b.attended, rows[i], few.attended, i);
        }
        return few;
    }

    private static void copyRow(MatrixView from, long row, MatrixView to, long at) {
        MemorySegment.copy(from.at(), row * from.stride() * 4, to.at(), at * to.stride() * 4, from.stride() * 4);
    }

    private MemorySegment logits(Buffers b, int rows) {
        long bytes = (long) rows * config.vocab * 4;
        if (logits.byteSize() < bytes) {
            logits = MemorySegment.NULL;
            logitsArena.close();
            logitsArena = Arena.ofShared();
            logits = logitsArena.allocate(bytes, 64);
        }
        model.ends.head().product(kernels, b.normed, rows, new MatrixView(logits, config.vocab));
        if (config.logitSoftcap > 0) {
            kernels.softcap(
                    new MatrixView(logits, config.vocab), new Kernels.Shape(rows, config.vocab), config.logitSoftcap);
        }
        return logits.asSlice(0, bytes);
    }

    @Override
    public LogitOps logitOps() {
        return LogitKernels.open();
    }

    @Override
    public void close() {
        whole.close();
        chosen.close();
        experts.close();
        logitsArena.close();
    }
}
