package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;

/**
 * The table of token embeddings, where it lies in the mapped file.
 *
 * @param table [vocabulary][hidden], in any stored type
 * @param scale by which each element is multiplied
 */
record Embedding(StoredTensor table, float scale) {
    /**
     * Writes each token's row in f32, scaled.
     *
     * @param ids i32, one for each row, inside the vocabulary
     * @param out f32 [rows][hidden] without gaps
     */
    void gather(MemorySegment ids, int rows, MemorySegment out) {
        long hidden = table.columns();
        for (int row = 0; row < rows; row++) {
            MemorySegment to = out.asSlice(row * hidden * 4, hidden * 4);
            table.widenRow(ids.getAtIndex(JAVA_INT, row), to);
            for (long i = 0; scale != 1 && i < hidden; i++) {
                to.setAtIndex(JAVA_FLOAT, i, to.getAtIndex(JAVA_FLOAT, i) * scale);
            }
        }
    }
}
