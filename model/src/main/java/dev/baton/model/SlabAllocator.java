package dev.baton.model;

import dev.baton.kernel.Kernels;
import java.lang.foreign.MemorySegment;

/**
 * Cuts the memory of packed matrices out of large pieces. Alone each would take whole huge pages, and the experts of a
 * mixture, a little over two huge pages each, half as much again as they need.
 */
final class SlabAllocator {
    private static final long PIECE = 64L << 20;
    private static final long LINE = 64;

    private final Kernels kernels;
    private long expected;
    private MemorySegment piece = MemorySegment.NULL;
    private long used;

    /** @param expected about how many bytes will be asked for in all; a piece is not made larger than what is left */
    SlabAllocator(Kernels kernels, long expected) {
        this.kernels = kernels;
        this.expected = expected;
    }

    /** Memory that begins a cache line and lives as long as the kernels. */
    MemorySegment allocate(long bytes) {
        long size = (bytes + LINE - 1) / LINE * LINE;
        if (used + size > piece.byteSize()) {
            piece = kernels.allocate(Math.max(size, Math.min(PIECE, expected)));
            used = 0;
        }
        MemorySegment cut = piece.asSlice(used, bytes);
        used += size;
        expected -= size;
        return cut;
    }
}
