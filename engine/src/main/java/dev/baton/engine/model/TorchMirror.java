package dev.baton.engine.model;

import dev.baton.engine.torch.Torch;
import dev.baton.engine.torch.TorchArgument;
import dev.baton.engine.torch.TorchDevice;
import dev.baton.engine.torch.TorchDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Brings fresh rows from a device to the region, some layers in one copy, and tells of those layers then. A step whose
 * slices have one row each is told at its end, another in four parts: each part is a wait for the device.
 */
final class TorchMirror implements AutoCloseable {
    private static final int PARTS = 4;

    private final Torch torch;
    private final KvRegion region;
    private final KvLayout layout;
    private final TorchDtype dtype;
    private final HostBuffer buffer;
    private final List<TorchArgument> waiting = new ArrayList<>();
    private int told;

    TorchMirror(Torch torch, TorchDevice device, KvRegion region) {
        this.torch = torch;
        this.region = region;
        layout = region.layout();
        dtype = TorchDtype.valueOf(layout.dtype().name());
        buffer = new HostBuffer(torch, device);
    }

    /** Layers between two waits of a step that computes prompts. */
    int part() {
        return Math.ceilDiv(layout.layers(), PARTS);
    }

    void begin() {
        discard();
        told = 0;
    }

    /** @param rows of the next layer, {@code [rows][K|V][kv_head][dim]}; freed here */
    void stored(TorchArgument rows) {
        waiting.add(rows);
    }

    /** Waits for the rows that were stored, puts them in the region and tells of their layers. */
    void tell(TorchStep step, ModelRunner.LayerProgress progress) {
        if (waiting.isEmpty()) {
            return;
        }
        int layers = waiting.size();
        int kvHeads = layout.group(told).kvHeads();
        int dim = layout.group(told).keyDim();
        long cell = (long) dim * dtype.bytes();
        long layerBytes = (long) step.rows * 2 * kvHeads * cell;
        MemorySegment memory = buffer.atLeast(layers * layerBytes);
        try (TorchArgument list = torch.list(waiting);
                TorchArgument to = torch.tensor(memory, dtype, layers, step.rows, 2, kvHeads, dim)) {
            torch.call("bring", list, to);
        }
        discard();
        for (int i = 0; i < layers; i++) {
            scatter(step, told, memory.asSlice(i * layerBytes, layerBytes), 2 * kvHeads, cell);
            progress.layerDone(told++);
        }
    }

    private void scatter(TorchStep step, int layer, MemorySegment rows, int heads, long cell) {
        MemorySegment pool = region.segment();
        long blockBytes = layout.layerBlockBytes(layer);
        long base = layout.offset(layer, 0);
        long at = 0;
        for (int row = 0; row < step.rows; row++) {
            long to = base + step.block(row) * blockBytes + step.cell(row) * cell;
            for (int head = 0; head < heads; head++) {
                MemorySegment.copy(rows, at, pool, to, cell);
                at += cell;
                to += layout.blockTokens() * cell;
            }
        }
    }

    private void discard() {
        waiting.forEach(TorchArgument::close);
        waiting.clear();
    }

    @Override
    public void close() {
        discard();
        buffer.close();
    }
}
