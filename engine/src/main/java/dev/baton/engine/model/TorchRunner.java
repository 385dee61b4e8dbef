package dev.baton.engine.model;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.engine.torch.Torch;
import dev.baton.engine.torch.TorchArgument;
import dev.baton.engine.torch.TorchDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The forward pass on a device: for each layer one call before attention, one that stores keys and values, attention, and
 * one call after it. The rows that a layer stored are in the region, for others to read, when the layer is told.
 */
final class TorchRunner implements ModelRunner {
    private final TorchModel model;
    private final ModelConfig config;
    private final Torch torch;
    private final KvLayout layout;
    private final ModelShape shape;
    private final TorchCache cache;
    private final TorchArgument ramp;
    private final Map<Integer, TorchArgument> windows = new LinkedHashMap<>();
    private Arena logitsArena = Arena.ofShared();
    private MemorySegment logits = MemorySegment.NULL;

    TorchRunner(TorchModel model, KvRegion region) {
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
        int rows = Slices.check(slices, config, layout);
        int[] last = Slices.lastRows(slices);
        try (TorchStep step = new TorchStep(model, slices, rows, layout.blockTokens())) {
            Map<Integer, List<TorchArgument>> firsts = new LinkedHashMap<>();
            windows.keySet()
                    .forEach(window -> firsts.put(
                            window,
                            step.groups.stream()
                                    .map(group -> group.first(window))
                                    .toList()));
            TorchArgument hidden = torch.apply("embed", model.embedding, step.ids);
            try {
                for (int layer = 0; layer < config.layers; layer++) {
                    attend(layer, step, hidden, firsts);
                    progress.layerDone(layer);
                    TorchArgument attended = step.attended;
                    if (layer == config.layers - 1) {
                        if (last.length == 0) {
                            return MemorySegment.NULL;
                        }
                        TorchArgument wanted = step.rows(last);
                        attended = step.keep(torch.apply("pick", attended, wanted));
                        hidden = replaced(hidden, torch.apply("pick", hidden, wanted));
                    }
                    TorchModel.Layer of = model.layers.get(layer);
                    hidden = replaced(hidden, torch.apply(of.after(), hidden, attended, of.weights()));
                }
                return logits(hidden, last.length);
            } finally {
                hidden.close();
            }
        }
    }

    private static TorchArgument replaced(TorchArgument old, TorchArgument by) {
        old.close();
        return by;
    }

    private void attend(int layer, TorchStep step, TorchArgument hidden, Map<Integer, List<TorchArgument>> firsts) {
        TorchModel.Layer of = model.layers.get(layer);
        TorchStep.Angles angles = step.angles.get(of.window() > 0 ? step.angles.size() - 1 : 0);
        TorchArgument pool = cache.pool(layer);
        TorchArgument window = java.util.Objects.requireNonNull(windows.get(of.window()));
        List<TorchArgument> first = java.util.Objects.requireNonNull(firsts.get(of.window()));
        try (TorchArgument qkv = torch.apply(of.before(), hidden, of.weights(), angles.cos(), angles.sin());
                TorchArgument stored = torch.apply("store", qkv, pool, step.here.block(), step.here.token())) {
            for (int i = 0; i < step.groups.size(); i++) {
                TorchTiles group = step.groups.get(i);
                torch.call(
                        "attend",
                        qkv,
                        pool,
                        group.rows,
                        group.table,
                        group.position,
                        group.end,
                        ramp,
                        first.get(i),
                        group.last,
                        window,
                        step.attended);
            }
            torch.call("mirror", stored, cache.mirror(layer), step.there.block(), step.there.token());
        }
    }

    private MemorySegment logits(TorchArgument hidden, int rows) {
        long bytes = (long) rows * config.vocab * 4;
        if (logits.byteSize() < bytes) {
            logitsArena.close();
            logitsArena = Arena.ofShared();
            logits = logitsArena.allocate(bytes, 64);
        }
        try (TorchArgument out = torch.tensor(logits, TorchDtype.F32, rows, config.vocab)) {
            torch.call("head", hidden, model.norm, model.head, out);
        }
        return logits.asSlice(0, bytes);
    }

    @Override
    public void close() {
        windows.values().forEach(TorchArgument::close);
        ramp.close();
        cache.close();
        logitsArena.close();
    }
}
