package dev.baton.engine.model;

import dev.baton.engine.torch.Torch;
import dev.baton.engine.torch.TorchArgument;
import dev.baton.engine.torch.TorchDevice;
import dev.baton.engine.torch.TorchDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.kv.LayerGroup;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Brings fresh KV from a device to the region, some layers in one copy, and tells of those layers then. A step whose slices
 * have one row each is told at its end. Another goes in parts, each a wait for the device; a second thread puts a part into
 * its place while the next is launched and computed. Whole blocks come as they lie in the pool, scattered rows as they were
 * made.
 */
final class TorchMirror implements AutoCloseable {
    private static final int PARTS = 8;

    private final Torch torch;
    private final TorchCache cache;
    private final KvRegion region;
    private final KvLayout layout;
    private final TorchDtype dtype;
    private final HostBuffer buffer;
    private final ExecutorService placer = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("baton-kv-mirror").daemon().factory());
    private CompletableFuture<?> placing = CompletableFuture.completedFuture(null);
    private final List<TorchArgument> rows = new ArrayList<>();
    private MemorySegment brought = MemorySegment.NULL;
    private int storedLayers;
    private int broughtLayers;
    private int toldLayers;

    TorchMirror(Torch torch, TorchDevice device, TorchCache cache, KvRegion region) {
        this.torch = torch;
        this.cache = cache;
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
        storedLayers = 0;
        broughtLayers = 0;
        toldLayers = 0;
    }

    /** @param fresh rows of the next layer, {@code [rows][K|V][kv_head][dim]}, which are in the pool too; freed here */
    void stored(TorchStep step, TorchArgument fresh) {
        storedLayers++;
        if (step.fresh.dense()) {
            fresh.close();
        } else {
            rows.add(fresh);
        }
    }

    /** Tells of what was brought last, then waits for the device and brings what was stored since. */
    void turn(TorchStep step, ModelRunner.LayerProgress progress) {
        tell(progress);
        bring(step);
    }

    /** Tells of all that is left. */
    void finish(TorchStep step, ModelRunner.LayerProgress progress) {
        turn(step, progress);
        tell(progress);
    }

    private void bring(TorchStep step) {
        int layers = storedLayers - broughtLayers;
        if (layers == 0) {
            return;
        }
        LayerGroup group = layout.group(broughtLayers);
        int dim = group.keyDim();
        boolean dense = step.fresh.dense();
        brought = buffer.atLeast(layers * layerBytes(step, broughtLayers));
        long[] shape = dense
                ? new long[] {layers, step.fresh.count(), 2, group.kvHeads(), layout.blockTokens(), dim}
                : new long[] {layers, step.rows, 2, group.kvHeads(), dim};
        try (TorchArgument list = torch.list(dense ? cache.pools(broughtLayers, storedLayers) : rows);
                TorchArgument to = torch.tensor(brought, dtype, shape)) {
            if (dense) {
                torch.call("blocks", list, step.freshBlocks, to);
            } else {
                torch.call("bring", list, to);
            }
        }
        discard();
        int from = broughtLayers;
        int upTo = storedLayers;
        broughtLayers = storedLayers;
        if (dense) {
            placing = CompletableFuture.runAsync(() -> place(step, from, upTo), placer);
        } else {
            place(step, from, upTo);
        }
    }

    private void tell(ModelRunner.LayerProgress progress) {
        placing.join();
        while (toldLayers < broughtLayers) {
            progress.layerDone(toldLayers++);
        }
    }

    /** Puts layers that were brought into the region. */
    private void place(TorchStep step, int from, int to) {
        long at = 0;
        for (int layer = from; layer < to; layer++) {
            long bytes = layerBytes(step, layer);
            MemorySegment made = brought.asSlice(at, bytes);
            if (step.fresh.dense()) {
                copy(step.fresh, layer, made);
            } else {
                scatter(step, layer, made);
            }
            at += bytes;
        }
    }

    /** Ends a step, also one that failed: nothing is written to the region after it. */
    void end() {
        placing.exceptionally(failure -> null).join();
        discard();
    }

    private long layerBytes(TorchStep step, int layer) {
        return step.fresh.dense()
                ? step.fresh.count() * layout.layerBlockBytes(layer)
                : (long) step.rows * 2 * layout.group(layer).kvHeads() * cellBytes(layer);
    }

    /** Bytes of one key or value. */
    private long cellBytes(int layer) {
        return (long) layout.group(layer).keyDim() * dtype.bytes();
    }

    /** Only fresh tokens: what else lies in their blocks is the region's already. */
    private void copy(FreshBlocks fresh, int layer, MemorySegment blocks) {
        MemorySegment pool = region.segment();
        long blockBytes = layout.layerBlockBytes(layer);
        long cell = cellBytes(layer);
        int heads = 2 * layout.group(layer).kvHeads();
        for (int i = 0; i < fresh.count(); i++) {
            long to = layout.offset(layer, fresh.id(i));
            if (fresh.whole(i)) {
                MemorySegment.copy(blocks, i * blockBytes, pool, to, blockBytes);
                continue;
            }
            for (int head = 0; head < heads; head++) {
                long at = (long) (head * layout.blockTokens() + fresh.from(i)) * cell;
                MemorySegment.copy(blocks, i * blockBytes + at, pool, to + at, (fresh.to(i) - fresh.from(i)) * cell);
            }
        }
    }

    private void scatter(TorchStep step, int layer, MemorySegment made) {
        MemorySegment pool = region.segment();
        long cell = cellBytes(layer);
        int heads = 2 * layout.group(layer).kvHeads();
        long at = 0;
        for (int row = 0; row < step.rows; row++) {
            long to = layout.offset(layer, step.block(row)) + step.cell(row) * cell;
            for (int head = 0; head < heads; head++) {
                MemorySegment.copy(made, at, pool, to, cell);
                at += cell;
                to += layout.blockTokens() * cell;
            }
        }
    }

    private void discard() {
        rows.forEach(TorchArgument::close);
        rows.clear();
    }

    @Override
    public void close() {
        placer.close();
        buffer.close();
    }
}
