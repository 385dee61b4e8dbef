package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.sampling.Scalars;
import dev.baton.kernel.Kernels.Activation;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KernelsTest {
    /** FE_UPWARD of x86-64. */
    private static final int UPWARD = 0x800;

    private static final List<WeightType> UNGROUPED =
            Stream.of(WeightType.values()).filter(type -> !type.grouped()).toList();

    private final Arena arena = Arena.ofShared();
    private final Random random = new Random(7);
    private final Matrices matrices = new Matrices(arena, random);
    private final Kernels java = new JavaKernels();
    private final OpenKernels natives = new OpenKernels(1, 2, 3);

    @AfterEach
    void close() {
        natives.close();
        java.close();
        arena.close();
    }

    @Test
    void aProductIsOneChainOfFusedMultiplyAddsInOrder() {
        Weights weights = weights(WeightType.F32, 19, 37);
        MatrixView a = matrices.floats(3, 37);
        MatrixView out = matrices.floats(3, 19);
        java.product(weights, a, 3, out);
        for (int n = 0; n < 19; n++) {
            float sum = 0;
            for (int k = 0; k < 37; k++) {
                float w = weights.packed().getAtIndex(JAVA_FLOAT, ((long) n / 16 * 37 + k) * 16 + n % 16);
                sum = Math.fma(a.at().getAtIndex(JAVA_FLOAT, 37 + k), w, sum);
            }
            assertThat(out.at().getAtIndex(JAVA_FLOAT, 19 + n)).isEqualTo(sum + bias(weights, n));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "AVX_512"})
    void productsInCAndJavaHaveTheSameBitsForEveryTypeAndNumberOfRows(Instructions instructions) {
        int[][] shapes = {{16, 8}, {5, 3}, {112, 64}, {33, 257}, {100, 520}, {270, 31}};
        for (WeightType type : UNGROUPED) {
            for (int[] shape : shapes) {
                Weights weights = weights(type, shape[0], shape[1]);
                for (int rows : new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 24, 25, 97, 230}) {
                    MatrixView a = matrices.floats(rows, shape[1]);
                    MatrixView expected = matrices.zeros(rows, shape[0]);
                    java.product(weights, a, rows, expected);
                    for (Kernels kernels : natives.with(instructions)) {
                        MatrixView actual = matrices.zeros(rows, shape[0]);
                        kernels.product(weights, a, rows, actual);
                        Matrices.assertSame(
                                actual, expected, "%s %s, %d rows".formatted(kernels.name(), weights.size(), rows));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "AVX_512"})
    void aRowOfAProductDoesNotDependOnTheOtherRows(Instructions instructions) {
        Weights weights = weights(WeightType.BF16, 96, 600);
        MatrixView a = matrices.floats(150, 600);
        for (Kernels kernels : natives.with(instructions)) {
            MatrixView all = matrices.zeros(150, 96);
            kernels.product(weights, a, 150, all);
            MatrixView one = matrices.zeros(1, 96);
            for (int row = 0; row < 150; row++) {
                kernels.product(weights, new MatrixView(a.at().asSlice(row * 2400L), 600), 1, one);
                assertThat(one.at().mismatch(all.at().asSlice(row * 384L, 384))).isEqualTo(-1);
            }
        }
    }

    @Test
    void packingInCAndJavaIsTheSame() {
        for (WeightType type : List.of(WeightType.BF16, WeightType.F16, WeightType.F32, WeightType.I8)) {
            MemorySegment source = random(37L * 21 * type.bytes());
            MemorySegment expected = arena.allocate(type.packedBytes(37, 21), 64);
            java.pack(type, source, new Kernels.RowRange(0, 37), 21, expected);
            for (Kernels kernels : natives.with(Instructions.C)) {
                MemorySegment actual = arena.allocate(type.packedBytes(37, 21), 64);
                kernels.pack(type, source, new Kernels.RowRange(0, 20), 21, actual);
                kernels.pack(type, source.asSlice(20L * 21 * type.bytes()), new Kernels.RowRange(20, 17), 21, actual);
                assertThat(actual.mismatch(expected)).isEqualTo(-1);
            }
        }
    }

    /** In the widest form that this CPU has, which the library finds by itself. */
    @Test
    void gatesInCAndJavaHaveTheSameBits() {
        for (Activation activation : Activation.values()) {
            for (int width : new int[] {1, 7, 64, 705}) {
                MatrixView gate = matrices.floats(5, width);
                gate.at().setAtIndex(JAVA_FLOAT, 0, -200);
                gate.at().setAtIndex(JAVA_FLOAT, 1, 200);
                MatrixView up = matrices.floats(5, width);
                MatrixView expected = matrices.zeros(5, width);
                java.activationAndMul(activation, gate, up, expected, new Kernels.Shape(5, width));
                for (Kernels kernels : natives.with(Instructions.C)) {
                    MatrixView actual = matrices.zeros(5, width);
                    kernels.activationAndMul(activation, gate, up, actual, new Kernels.Shape(5, width));
                    Matrices.assertSame(actual, expected, activation + " " + width);
                }
            }
        }
    }

    @Test
    void theExponentialIsCloseToTheTrueOne() {
        for (float x = -86; x < 87; x += 0.0137f) {
            assertThat(Scalars.exp(x) / Math.exp(x)).isBetween(1 - 3e-7, 1 + 3e-7);
        }
        assertThat(Scalars.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(Scalars.exp(0)).isOne();
    }

    @Test
    void theCallersRoundingChangesNoBitAndIsLeftAsItWas() throws Throwable {
        Weights weights = weights(WeightType.BF16, 48, 64);
        MatrixView a = matrices.floats(9, 64);
        MatrixView expected = matrices.zeros(9, 48);
        java.product(weights, a, 9, expected);
        MethodHandle set = libm("fesetround", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
        MethodHandle get = libm("fegetround", FunctionDescriptor.of(JAVA_INT));
        for (Kernels kernels : natives.with(Instructions.C)) {
            MatrixView actual = matrices.zeros(9, 48);
            int after;
            assertThat((int) set.invokeExact(UPWARD)).isZero();
            try {
                kernels.product(weights, a, 9, actual);
                after = (int) get.invokeExact();
            } finally {
                int nearest = (int) set.invokeExact(0);
                assertThat(nearest).isZero();
            }
            assertThat(after).isEqualTo(UPWARD);
            Matrices.assertSame(actual, expected, kernels.name());
        }
    }

    private static MethodHandle libm(String name, FunctionDescriptor of) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), of);
    }

    private Weights weights(WeightType type, int n, int k) {
        if (type == WeightType.W8A8) {
            Weights weights = new Weights(
                    type,
                    arena.allocate(type.packedBytes(n, k), 64),
                    new Weights.Size(n, k),
                    matrices.floats(1, n).at(),
                    matrices.floats(1, n).at());
            java.quantise(WeightType.F32, matrices.floats(n, k).at(), new Kernels.RowRange(0, n), weights);
            return weights;
        }
        MemorySegment source = arena.allocate((long) n * k * type.bytes(), 64);
        for (long i = 0; i < (long) n * k; i++) {
            float v = (float) random.nextGaussian();
            switch (type) {
                case BF16 -> source.setAtIndex(JAVA_SHORT, i, Bf16.of(v));
                case F16 -> source.setAtIndex(JAVA_SHORT, i, Float.floatToFloat16(v * 1e-4f));
                case F32 -> source.setAtIndex(JAVA_FLOAT, i, v);
                case I8 -> source.set(JAVA_BYTE, i, (byte) (v * 40));
                case W8A8, Q4_0, Q4_1, Q4_K, Q4_ZERO, Q8_0 -> throw new AssertionError("not made element by element");
            }
        }
        MemorySegment packed = arena.allocate(type.packedBytes(n, k), 64);
        java.pack(type, source, new Kernels.RowRange(0, n), k, packed);
        return new Weights(
                type,
                packed,
                new Weights.Size(n, k),
                type == WeightType.I8 ? matrices.floats(1, n).at() : null,
                matrices.floats(1, n).at());
    }

    private static float bias(Weights weights, int n) {
        MemorySegment bias = weights.bias();
        return bias == null ? 0 : bias.getAtIndex(JAVA_FLOAT, n);
    }

    private MemorySegment random(long bytes) {
        byte[] content = new byte[(int) bytes];
        random.nextBytes(content);
        return arena.allocate(bytes, 64).copyFrom(MemorySegment.ofArray(content));
    }
}
