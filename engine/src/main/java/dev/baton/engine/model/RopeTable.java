package dev.baton.engine.model;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Cosines and sines of every position of the context. */
final class RopeTable {
    private final MemorySegment table;
    private final int positions;
    private final long rowBytes;

    RopeTable(Rope rope, int positions, Arena arena) {
        this.table = rope.table(arena, positions);
        this.positions = positions;
        this.rowBytes = rope.frequencies().length * 4L;
    }

    void copy(int position, int rows, MemorySegment cos, MemorySegment sin, long row) {
        MemorySegment.copy(table, position * rowBytes, cos, row * rowBytes, rows * rowBytes);
        MemorySegment.copy(table, (positions + (long) position) * rowBytes, sin, row * rowBytes, rows * rowBytes);
    }
}
