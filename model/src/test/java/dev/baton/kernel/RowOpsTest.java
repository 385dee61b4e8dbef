package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RowOpsTest {
    private static final float EPSILON = 1e-5f;

    private final Arena arena = Arena.ofShared();
    private final Random random = new Random(11);
    private final Kernels java = new JavaKernels();
    /** In the widest form that this CPU has, which the library finds by itself. */
    private final OpenKernels natives = new OpenKernels(1, 3);

    @AfterEach
    void close() {
        natives.close();
        java.close();
        arena.close();
    }

    @Test
    void aNormDividesByTheRootOfTheMeanSquare() {
        MemorySegment x = floats(40);
        MemorySegment weight = floats(40);
        MemorySegment out = arena.allocate(160, 64);
        java.addRmsNorm(new AddRmsNorm(x, null, null, weight, out, new Kernels.Shape(1, 40), EPSILON));
        double squares = 0;
        for (int d = 0; d < 40; d++) {
            squares += Math.pow(x.getAtIndex(JAVA_FLOAT, d), 2);
        }
        for (int d = 0; d < 40; d++) {
            double expected =
                    x.getAtIndex(JAVA_FLOAT, d) / Math.sqrt(squares / 40 + EPSILON) * weight.getAtIndex(JAVA_FLOAT, d);
            assertThat((double) out.getAtIndex(JAVA_FLOAT, d)).isEqualTo(expected, within(1e-5));
        }
    }

    @Test
    void normsInCAndJavaHaveTheSameBits() {
        for (int rows : new int[] {1, 3, 70}) {
            for (int width : new int[] {1, 15, 16, 100, 576}) {
                for (int kind = 0; kind < 3; kind++) {
                    MemorySegment x = floats(rows * width);
                    MemorySegment y = kind > 0 ? floats(rows * width) : null;
                    MemorySegment after = kind > 1 ? floats(width) : null;
                    MemorySegment weight = floats(width);
                    Normed expected = norm(java, x, y, after, weight, rows, width);
                    for (Kernels kernels : natives.with(Instructions.C)) {
                        assertThat(norm(kernels, x, y, after, weight, rows, width))
                                .as("%s, %d rows of %d, kind %d", kernels.name(), rows, width, kind)
                                .matches(expected::sameAs);
                    }
                }
            }
        }
    }

    @Test
    void aRowOfANormDoesNotDependOnTheOtherRows() {
        MemorySegment x = floats(50 * 576);
        MemorySegment weight = floats(576);
        for (Kernels kernels : natives.with(Instructions.C)) {
            Normed all = norm(kernels, x, null, null, weight, 50, 576);
            for (int row = 0; row < 50; row++) {
                Normed one = norm(kernels, x.asSlice(row * 2304L, 2304), null, null, weight, 1, 576);
                assertThat(one.out.mismatch(all.out.asSlice(row * 2304L, 2304))).isEqualTo(-1);
            }
        }
    }

    @Test
    void rotationInCAndJavaHasTheSameBits() {
        for (ApplyRope.Shape shape : List.of(
                new ApplyRope.Shape(4, 2, 64, 32),
                new ApplyRope.Shape(3, 3, 20, 10),
                new ApplyRope.Shape(8, 1, 24, 9))) {
            for (boolean normed : new boolean[] {false, true}) {
                int rows = 37;
                long stride = (long) (shape.queries() + 2 * shape.keys()) * shape.dim();
                MemorySegment heads = floats((int) (rows * stride));
                MemorySegment cos = floats(rows * shape.half());
                MemorySegment sin = floats(rows * shape.half());
                ApplyRope.Norms norms =
                        normed ? new ApplyRope.Norms(floats(shape.dim()), floats(shape.dim()), EPSILON) : null;
                MemorySegment expected = copy(heads);
                java.applyRope(new ApplyRope(new MatrixView(expected, stride), cos, sin, rows, shape, norms));
                assertThat(expected.mismatch(heads)).as("something was rotated").isNotEqualTo(-1);
                for (Kernels kernels : natives.with(Instructions.C)) {
                    MemorySegment actual = copy(heads);
                    kernels.applyRope(new ApplyRope(new MatrixView(actual, stride), cos, sin, rows, shape, norms));
                    assertThat(actual.mismatch(expected))
                            .as("%s %s, normed: %s", kernels.name(), shape, normed)
                            .isEqualTo(-1);
                }
            }
        }
    }

    @Test
    void softCappingInCAndJavaHasTheSameBits() {
        for (int width : new int[] {1, 100, 8192, 20_001}) {
            MemorySegment x = floats(3 * width);
            x.setAtIndex(JAVA_FLOAT, 0, Float.NaN);
            x.setAtIndex(JAVA_FLOAT, width, 1e9f);
            x.setAtIndex(JAVA_FLOAT, 2 * width, Float.NEGATIVE_INFINITY);
            Kernels.Shape extent = new Kernels.Shape(3, width);
            MemorySegment expected = copy(x);
            java.softcap(new MatrixView(expected, width), extent, 0.7f);
            assertThat(expected.getAtIndex(JAVA_FLOAT, 0)).isNaN();
            assertThat(expected.getAtIndex(JAVA_FLOAT, width)).isEqualTo(0.7f);
            assertThat(expected.getAtIndex(JAVA_FLOAT, 2 * width)).isEqualTo(-0.7f);
            for (Kernels kernels : natives.with(Instructions.C)) {
                MemorySegment actual = copy(x);
                kernels.softcap(new MatrixView(actual, width), extent, 0.7f);
                assertThat(actual.mismatch(expected))
                        .as("%s, %d", kernels.name(), width)
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void segmentsThatAreTooShortAreRefused() {
        MemorySegment x = floats(32);
        assertThatThrownBy(() -> new AddRmsNorm(x, null, null, x, x, new Kernels.Shape(2, 17), EPSILON))
                .hasMessageContaining("too short");
        assertThatThrownBy(() -> new ApplyRope(new MatrixView(x, 32), x, x, 2, new ApplyRope.Shape(1, 1, 16, 8), null))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ApplyRope.Shape(1, 1, 16, 9)).hasMessageContaining("9 pairs");
    }

    private record Normed(MemorySegment x, MemorySegment out) {
        boolean sameAs(Normed other) {
            return x.mismatch(other.x) == -1 && out.mismatch(other.out) == -1;
        }
    }

    private Normed norm(
            Kernels kernels,
            MemorySegment x,
            @Nullable MemorySegment y,
            @Nullable MemorySegment after,
            MemorySegment weight,
            int rows,
            int width) {
        Normed made = new Normed(copy(x), arena.allocate((long) rows * width * 4, 64));
        kernels.addRmsNorm(new AddRmsNorm(made.x, y, after, weight, made.out, new Kernels.Shape(rows, width), EPSILON));
        return made;
    }

    private MemorySegment floats(int count) {
        MemorySegment made = arena.allocate(count * 4L, 64);
        for (int i = 0; i < count; i++) {
            made.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return made;
    }

    private MemorySegment copy(MemorySegment of) {
        return arena.allocate(of.byteSize(), 64).copyFrom(of);
    }
}
