package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Cosines and sines of positions, made a page at a time when a position is first asked for: a model may allow a hundred
 * times the context that it is ever given. Belongs to the thread that runs the model.
 */
public final class RopeTable {
    private static final int PAGE = 64;

    private final Rope rope;
    private final Arena arena;
    private final @Nullable MemorySegment[] pages;
    private final long rowBytes;

    public RopeTable(Rope rope, int positions, Arena arena) {
        this.rope = rope;
        this.arena = arena;
        this.pages = new MemorySegment[Math.ceilDiv(positions, PAGE)];
        this.rowBytes = rope.frequencies().length * 4L;
    }

    /** Angles of {@code rows} positions from {@code position} on, to rows of the same width from {@code row} on. */
    public void copy(int position, int rows, MemorySegment cos, MemorySegment sin, long row) {
        for (int done = 0; done < rows; ) {
            int from = (position + done) % PAGE;
            int count = Math.min(PAGE - from, rows - done);
            MemorySegment page = page((position + done) / PAGE);
            MemorySegment.copy(page, from * rowBytes, cos, (row + done) * rowBytes, count * rowBytes);
            MemorySegment.copy(page, (PAGE + from) * rowBytes, sin, (row + done) * rowBytes, count * rowBytes);
            done += count;
        }
    }

    /** Cosines, then sines, f32 [2][PAGE][pairs]. */
    private MemorySegment page(int index) {
        MemorySegment known = pages[index];
        if (known != null) {
            return known;
        }
        MemorySegment page = arena.allocate(2 * PAGE * rowBytes, 64);
        float[] frequencies = rope.frequencies();
        for (int i = 0; i < PAGE; i++) {
            int position = index * PAGE + i;
            for (int pair = 0; pair < frequencies.length; pair++) {
                double angle = position * frequencies[pair];
                long at = (long) i * frequencies.length + pair;
                page.setAtIndex(JAVA_FLOAT, at, (float) StrictMath.cos(angle) * rope.magnitude());
                page.setAtIndex(
                        JAVA_FLOAT,
                        (long) PAGE * frequencies.length + at,
                        (float) StrictMath.sin(angle) * rope.magnitude());
            }
        }
        pages[index] = page;
        return page;
    }
}
