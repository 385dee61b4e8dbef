package dev.baton.model.torch;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchArgument;
import dev.baton.libtorch.TorchDevice;
import dev.baton.libtorch.TorchDtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The KV pool on a device: one allocation of the region's layout. The region is its mirror in host memory, which other
 * workers read and write: fresh KV goes there some layers at a time, blocks that arrived come from there.
 */
final class TorchCache implements AutoCloseable {
    /** Blocks of one layer that are copied at a time: bounds what a copy needs beside the pool. */
    private static final int PIECE = 64;

    private final Torch torch;
    private final TorchDevice device;
    private final TorchArgument whole;
    private final List<TorchArgument> pools = new ArrayList<>();
    private final List<TorchArgument> mirrors = new ArrayList<>();

    TorchCache(Torch torch, TorchDevice device, KvRegion region) {
        this.torch = torch;
        this.device = device;
        KvLayout layout = region.layout();
        TorchDtype dtype = TorchDtype.valueOf(layout.dtype().name());
        try {
            whole = torch.zeros(device, dtype, layout.bytes() / dtype.bytes());
        } catch (IllegalStateException e) {
            throw new IllegalStateException(
                    "the KV pool of %d MiB does not fit on %s beside the weights: lower baton.kv.memory"
                            .formatted(layout.bytes() >> 20, device),
                    e);
        }
        for (int layer = 0; layer < layout.layers(); layer++) {
            long from = layout.offset(layer, 0);
            long[] shape = {
                layout.blocks(),
                2,
                layout.group(layer).kvHeads(),
                layout.blockTokens(),
                layout.group(layer).keyDim()
            };
            pools.add(torch.view(whole, from / dtype.bytes(), shape));
            MemorySegment rows = region.segment().asSlice(from, layout.layerBlockBytes(layer) * layout.blocks());
            mirrors.add(torch.tensor(rows, dtype, shape));
        }
    }

    /** Blocks of a layer on the device: {@code [block][K|V][kv_head][token][dim]}. */
    TorchArgument pool(int layer) {
        return pools.get(layer);
    }

    /** Blocks of layers {@code [from, to)}. */
    List<TorchArgument> pools(int from, int to) {
        return pools.subList(from, to);
    }

    /** Takes blocks over from the region, all layers. */
    void fetch(int[] blocks) {
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment ids = temporary.allocate(JAVA_LONG, Math.max(1, Math.min(PIECE, blocks.length)));
            for (int from = 0; from < blocks.length; from += PIECE) {
                int count = Math.min(PIECE, blocks.length - from);
                for (int i = 0; i < count; i++) {
                    ids.setAtIndex(JAVA_LONG, i, blocks[from + i]);
                }
                try (TorchArgument there = torch.tensor(ids, TorchDtype.I64, count);
                        TorchArgument here = torch.upload(ids, device, TorchDtype.I64, count)) {
                    for (int layer = 0; layer < pools.size(); layer++) {
                        torch.call("fetch", mirrors.get(layer), pools.get(layer), there, here);
                    }
                }
            }
        }
    }

    @Override
    public void close() {
        mirrors.forEach(TorchArgument::close);
        pools.forEach(TorchArgument::close);
        whole.close();
    }
}
