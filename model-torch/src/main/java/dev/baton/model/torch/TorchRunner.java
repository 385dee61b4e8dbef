package dev.baton.model.torch;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelShape;
import dev.baton.engine.sampling.LogitOps;
import dev.baton.kernel.LogitKernels;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchArgument;
import dev.baton.libtorch.TorchDtype;
import dev.baton.model.ModelConfig;
import dev.baton.model.Slices;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The forward pass on a device: for each layer one call before attention, one that stores keys and values, attention, and
 * one call after it. The rows that a layer stored are in the region, for others to read, when the layer is told; layers are
 * told a few at a time.
 */
final class TorchRunner implements ModelRunner {
    /** Each is a wait for the device; the last one's way to the region is waited for too. */
    private static final int PARTS = 8;

    private final TorchModel model;
    private final ModelConfig config;
    private final Torch torch;
    private final KvLayout layout;
    private final ModelShape shape;
    private final TorchCache cache;
    private final TorchArgument ramp;
    private final Map<Integer, TorchArgument> windows = new LinkedHashMap<>();
    private final KvCopyBack copyBack;
    private final HostBuffer logits;

    TorchRunner(TorchModel model, KvRegion region) {
        this(model, region, PARTS);
    }

    /** @param parts in which a step that computes prompts brings its KV to the region */
    TorchRunner(TorchModel model, KvRegion region, int parts) {
        this.model = model;
        config = model.config;
        torch = model.torch;
        layout = region.layout();
        if (!layout.equals(model.layout(layout.blocks()))) {
            throw new IllegalArgumentException(
                    "the region's layout %s is not the model's %s".formatted(layout, model.layout(layout.blocks())));
        }
        shape = model.shape(layout.blocks());
        cache = new TorchCache(torch, model.device, region);
        copyBack = new KvCopyBack(torch, model.device, cache, region, parts);
        logits = new HostBuffer(torch, model.device);
        int tokens = TorchTiles.blocks(layout.blockTokens()) * layout.blockTokens();
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment values = temporary.allocate(JAVA_LONG, tokens);
            for (int i = 0; i < tokens; i++) {
                values.setAtIndex(JAVA_LONG, i, i);
            }
            ramp = torch.upload(values, model.device, TorchDtype.I64, tokens);
        }
        for (TorchModel.Layer layer : model.layers) {
            windows.computeIfAbsent(layer.window(), torch::integer);
        }
    }

    @Override
    public ModelShape shape() {
        return shape;
    }

    @Override
    public void arrived(int[] blocks) {
        cache.fetch(blocks);
    }

    @Override
    public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
        Slices.check(slices, config, layout);
        copyBack.begin();
        try (TorchStep step = new TorchStep(model, slices, layout.blockTokens())) {
            int wanted = step.numbers.picked;
            TorchArgument hidden = torch.apply("embed", model.embedding, step.ids);
            try {
                for (int layer = 0; layer < config.layers; layer++) {
                    boolean last = layer == config.layers - 1;
                    TorchModel.Layer of = model.layers.get(layer);
                    try (TorchArgument attended = attend(layer, step, hidden)) {
                        if (!last) {
                            hidden = replaced(hidden, torch.apply(of.after(), hidden, attended, of.weights()));
                        } else if (wanted > 0) {
                            hidden = replaced(hidden, torch.apply("pick", hidden, step.wanted));
                            try (TorchArgument picked = torch.apply("pick", attended, step.wanted)) {
                                hidden = replaced(hidden, torch.apply(of.after(), hidden, picked, of.weights()));
                            }
                        }
                    }
                    if (!step.decodes && (last || (layer + 1) % copyBack.part() == 0)) {
                        copyBack.copyPart(step, progress);
                    }
                }
                MemorySegment made = wanted > 0 ? logits(hidden, wanted) : MemorySegment.NULL;
                copyBack.finish(step, progress);
                return made;
            } finally {
                copyBack.end();
                hidden.close();
            }
        }
    }

    private static TorchArgument replaced(TorchArgument old, TorchArgument by) {
        old.close();
        return by;
    }

    /** Results of attention for all rows, in their order. */
    private TorchArgument attend(int layer, TorchStep step, TorchArgument hidden) {
        TorchModel.Layer of = model.layers.get(layer);
        TorchArgument angles = step.angles.get(of.window() > 0 ? step.angles.size() - 1 : 0);
        TorchArgument pool = cache.pool(layer);
        try (TorchArgument qkv = torch.apply(of.before(), hidden, of.weights(), angles)) {
            copyBack.stored(step, torch.apply("store", qkv, pool, step.here.block(), step.here.token()));
            if (!step.tiles.isEmpty()) {
                return tiled(of.window(), step, qkv, pool);
            }
            List<TorchArgument> parts = new ArrayList<>();
            try {
                for (TorchAttention rows : step.attention) {
                    parts.add(rows.attend(of.window(), qkv, pool));
                }
                if (parts.size() == 1) {
                    return parts.removeFirst();
                }
                try (TorchArgument all = torch.list(parts)) {
                    return torch.apply("joined", all);
                }
            } finally {
                parts.forEach(TorchArgument::close);
            }
        }
    }

    private TorchArgument tiled(int width, TorchStep step, TorchArgument qkv, TorchArgument pool) {
        TorchArgument window = java.util.Objects.requireNonNull(windows.get(width));
        TorchArgument out =
                torch.zeros(model.device, TorchDtype.F32, step.numbers.rows, (long) config.heads * config.headDim);
        for (TorchTiles group : step.tiles) {
            torch.call(
                    "attend",
                    qkv,
                    pool,
                    group.rows,
                    group.table,
                    group.position,
                    group.end,
                    ramp,
                    group.first(width),
                    group.last,
                    window,
                    out);
        }
        return out;
    }

    private MemorySegment logits(TorchArgument hidden, int rows) {
        long bytes = (long) rows * config.vocab * 4;
        MemorySegment made = logits.atLeast(bytes).asSlice(0, bytes);
        try (TorchArgument out = torch.tensor(made, TorchDtype.F32, rows, config.vocab)) {
            torch.call("head", hidden, model.norm, model.head, out);
        }
        return made;
    }

    @Override
    public LogitOps logitOps() {
        return LogitKernels.open();
    }

    @Override
    public void close() {
        windows.values().forEach(TorchArgument::close);
        ramp.close();
        cache.close();
        copyBack.close();
        logits.close();
    }
}
