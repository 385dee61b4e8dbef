package dev.baton.model.torch;

import dev.baton.engine.ModelRunner;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.kv.LayerGroup;
import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchArgument;
import dev.baton.libtorch.TorchDevice;
import dev.baton.libtorch.TorchDtype;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Brings fresh KV from a device to the region, some layers in one copy, and tells of those layers then. A step whose slices
 * have one row each is told at its end. Another goes in parts, each a wait for the device, told of when the next part has been
 * launched. Blocks that are at least half fresh come as they lie in the pool, and a second thread puts them into their place
 * meanwhile; scattered rows come as they were made.
 */
final class KvCopyBack implements AutoCloseable {
    private static final CompletableFuture<?> NOTHING = CompletableFuture.completedFuture(null);

    private final Torch torch;
    private final TorchCache cache;
    private final KvRegion region;
    private final KvLayout layout;
    private final TorchDtype dtype;
    private final int part;
    private final HostBuffer buffer;
    private final ExecutorService placer = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("baton-kv-mirror").daemon().factory());
    private final List<TorchArgument> scattered = new ArrayList<>();
    private CompletableFuture<?> placing = NOTHING;
    private int storedLayers;
    private int broughtLayers;
    private int toldLayers;

    KvCopyBack(Torch torch, TorchDevice device, TorchCache cache, KvRegion region, int parts) {
        this.torch = torch;
        this.cache = cache;
        this.region = region;
        layout = region.layout();
        dtype = TorchDtype.valueOf(layout.dtype().name());
        part = Math.ceilDiv(layout.layers(), parts);
        buffer = new HostBuffer(torch, device);
    }

    /** Layers between two waits of a step that computes prompts. */
    int part() {
        return part;
    }

    void begin() {
        storedLayers = 0;
        broughtLayers = 0;
        toldLayers = 0;
    }

    /** @param fresh rows of the next layer, {@code [rows][K|V][kv_head][dim]}, which are in the pool too; freed here */
    void stored(TorchStep step, TorchArgument fresh) {
        storedLayers++;
        if (step.numbers.fresh.dense()) {
            fresh.close();
        } else {
            scattered.add(fresh);
        }
    }

    /** Tells of what was brought last, then waits for the device and brings what was stored since. */
    void copyPart(TorchStep step, ModelRunner.LayerProgress progress) {
        tell(progress);
        bring(step);
    }

    /** Tells of all that is left. */
    void finish(TorchStep step, ModelRunner.LayerProgress progress) {
        copyPart(step, progress);
        tell(progress);
    }

    private void bring(TorchStep step) {
        int layers = storedLayers - broughtLayers;
        if (layers == 0) {
            return;
        }
        LayerGroup group = layout.group(broughtLayers);
        int dim = group.keyDim();
        boolean dense = step.numbers.fresh.dense();
        MemorySegment brought = buffer.atLeast(layers * layerBytes(step, broughtLayers));
        long[] shape = dense
                ? new long[] {layers, step.numbers.fresh.count(), 2, group.kvHeads(), layout.blockTokens(), dim}
                : new long[] {layers, step.numbers.rows, 2, group.kvHeads(), dim};
        try (TorchArgument list = torch.list(dense ? cache.pools(broughtLayers, storedLayers) : scattered);
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
            placing = CompletableFuture.runAsync(() -> place(step, from, upTo, brought), placer);
        } else {
            place(step, from, upTo, brought);
        }
    }

    private void tell(ModelRunner.LayerProgress progress) {
        placed();
        while (toldLayers < broughtLayers) {
            progress.layerDone(toldLayers++);
        }
    }

    private void placed() {
        try {
            placing.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw e;
            }
        }
    }

    /** Puts layers that were brought into the region. */
    private void place(TorchStep step, int from, int to, MemorySegment brought) {
        long at = 0;
        for (int layer = from; layer < to; layer++) {
            long bytes = layerBytes(step, layer);
            MemorySegment made = brought.asSlice(at, bytes);
            if (step.numbers.fresh.dense()) {
                copy(step.numbers.fresh, layer, made);
            } else {
                scatter(step, layer, made);
            }
            at += bytes;
        }
    }

    /** Ends a step, also one that failed: nothing is written to the region after it. */
    void end() {
        placing.exceptionally(failure -> null).join();
        placing = NOTHING;
        discard();
    }

    private long layerBytes(TorchStep step, int layer) {
        return step.numbers.fresh.dense()
                ? step.numbers.fresh.count() * layout.layerBlockBytes(layer)
                : (long) step.numbers.rows * 2 * layout.group(layer).kvHeads() * cellBytes(layer);
    }

    /** Bytes of one key or value. */
    private long cellBytes(int layer) {
        return (long) layout.group(layer).keyDim() * dtype.bytes();
    }

    /** Only fresh tokens: what else lies in their blocks is the region's already. */
    private void copy(WrittenBlocks fresh, int layer, MemorySegment blocks) {
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
        for (int row = 0; row < step.numbers.rows; row++) {
            long to = layout.offset(layer, step.numbers.block(row)) + step.numbers.cell(row) * cell;
            for (int head = 0; head < heads; head++) {
                MemorySegment.copy(made, at, pool, to, cell);
                at += cell;
                to += layout.blockTokens() * cell;
            }
        }
    }

    private void discard() {
        scattered.forEach(TorchArgument::close);
        scattered.clear();
    }

    @Override
    public void close() {
        placer.close();
        buffer.close();
    }
}
