package dev.baton.model.torch;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.engine.ModelRunner.Slice;
import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchArgument;
import dev.baton.libtorch.TorchDevice;
import dev.baton.libtorch.TorchDtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Slices of one length whose rows attend together, as attention on a device wants them: which rows they are, and per
 * slice its blocks, positions and end. Attention goes through tiles of a fixed number of blocks, in order.
 */
final class TorchTiles implements AutoCloseable {
    /** Tokens of a tile, unless a block has more. */
    private static final int TOKENS = 256;

    private final List<TorchArgument> arguments = new ArrayList<>();
    private final Torch torch;
    private final int tileTokens;
    private final int earliest;
    final TorchArgument rows;
    final TorchArgument table;
    final TorchArgument position;
    final TorchArgument end;
    final TorchArgument last;

    /** A slice and the row of the step at which it begins. */
    record Placed(Slice slice, int row) {}

    /** Blocks of a tile. */
    static int blocks(int blockTokens) {
        return Math.max(1, TOKENS / blockTokens);
    }

    TorchTiles(Torch torch, TorchDevice device, List<Placed> group, int blockTokens) {
        this.torch = torch;
        int slices = group.size();
        int each = group.getFirst().slice().tokens().length;
        tileTokens = blocks(blockTokens) * blockTokens;
        earliest = group.stream()
                .mapToInt(placed -> placed.slice().position())
                .min()
                .orElseThrow();
        int tiles = Math.ceilDiv(group.stream().mapToInt(TorchTiles::end).max().orElseThrow(), tileTokens);
        int width = tiles * blocks(blockTokens);
        try (Arena temporary = Arena.ofConfined()) {
            MemorySegment row = temporary.allocate(JAVA_LONG, (long) slices * each);
            MemorySegment at = temporary.allocate(JAVA_LONG, (long) slices * each);
            MemorySegment ends = temporary.allocate(JAVA_LONG, slices);
            MemorySegment blocks = temporary.allocate(JAVA_LONG, (long) slices * width);
            for (int s = 0; s < slices; s++) {
                Placed placed = group.get(s);
                for (int i = 0; i < each; i++) {
                    row.setAtIndex(JAVA_LONG, (long) s * each + i, placed.row() + i);
                    at.setAtIndex(JAVA_LONG, (long) s * each + i, placed.slice().position() + i);
                }
                ends.setAtIndex(JAVA_LONG, s, end(placed));
                int[] held = placed.slice().blocks();
                // Entries beyond the slice's end name block 0, whose tokens are hidden.
                for (int i = 0; i < Math.min(width, held.length); i++) {
                    blocks.setAtIndex(JAVA_LONG, (long) s * width + i, held[i]);
                }
            }
            rows = keep(torch.upload(row, device, TorchDtype.I64, (long) slices * each));
            table = keep(torch.upload(blocks, device, TorchDtype.I64, slices, width));
            position = keep(torch.upload(at, device, TorchDtype.I64, slices, each));
            end = keep(torch.upload(ends, device, TorchDtype.I64, slices));
        }
        last = keep(torch.integer(tiles));
    }

    private static int end(Placed placed) {
        return placed.slice().position() + placed.slice().tokens().length;
    }

    /** The first tile of which any row sees anything. */
    TorchArgument first(int window) {
        int from = window > 0 ? Math.max(0, earliest - window + 1) : 0;
        return keep(torch.integer(from / tileTokens));
    }

    private TorchArgument keep(TorchArgument argument) {
        arguments.add(argument);
        return argument;
    }

    @Override
    public void close() {
        arguments.forEach(TorchArgument::close);
    }
}
