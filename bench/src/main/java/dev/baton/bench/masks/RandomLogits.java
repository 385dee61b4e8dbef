package dev.baton.bench.masks;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/** Rows of logits of a model that knows nothing: normally distributed. */
final class RandomLogits {
    private RandomLogits() {}

    static MemorySegment of(int vocabulary, int rows) {
        Random random = new Random(5);
        MemorySegment logits = Arena.ofAuto().allocate(JAVA_FLOAT, (long) rows * vocabulary);
        for (long i = 0; i < (long) rows * vocabulary; i++) {
            logits.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return logits;
    }
}
