package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/** Makes matrices to compute with, and compares them bit by bit. */
record Matrices(Arena arena, Random random) {
    MatrixView floats(long rows, long width) {
        MatrixView all = zeros(rows, width);
        for (long i = 0; i < rows * width; i++) {
            all.at().setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return all;
    }

    MatrixView zeros(long rows, long width) {
        return new MatrixView(arena.allocate(rows * width * 4, 64), width);
    }

    MemorySegment copy(MemorySegment of) {
        return arena.allocate(of.byteSize(), 64).copyFrom(of);
    }

    static void assertSame(MatrixView actual, MatrixView expected, String what) {
        assertThat(actual.at().mismatch(expected.at())).as(what).isEqualTo(-1);
    }
}
