package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class Int8Test {
    private static final List<WeightType> STORED = List.of(WeightType.BF16, WeightType.F16, WeightType.F32);
    private static final List<WeightType> ROUNDED = List.of(WeightType.I8, WeightType.W8A8);

    private final Arena arena = Arena.ofShared();
    private final Random random = new Random(11);
    private final Kernels java = new JavaKernels();
    private final OpenKernels natives = new OpenKernels(1, 3);

    @AfterEach
    void close() {
        natives.close();
        java.close();
        arena.close();
    }

    @Test
    void weightsAreRoundedToOneHundredAndTwentySevenStepsOfEachOutput() {
        float[] row = {1, -2, 0.5f, 0, 1.995f};
        MemorySegment source = arena.allocateFrom(JAVA_FLOAT, row);
        for (WeightType type : ROUNDED) {
            Weights to = empty(type, 1, row.length);
            java.quantise(WeightType.F32, source, new Kernels.RowRange(0, 1), to);
            assertThat(to.scales().get(JAVA_FLOAT, 0)).isEqualTo(2 / 127f);
            int plus = type == WeightType.W8A8 ? 128 : 0;
            for (int k = 0; k < row.length; k++) {
                long at = type == WeightType.W8A8 ? k / 4 * 64 + k % 4 : k * 16;
                assertThat(to.packed().get(JAVA_BYTE, at))
                        .isEqualTo((byte) (new int[] {64, -127, 32, 0, 127}[k] + plus));
            }
        }
    }

    @Test
    void roundingWeightsInCAndJavaIsTheSameInOnePieceOrTwo() {
        for (WeightType stored : STORED) {
            for (int inputs : new int[] {1, 21, 64, 131}) {
                MemorySegment source = stored(stored, 37L * inputs);
                for (WeightType type : ROUNDED) {
                    Weights expected = empty(type, 37, inputs);
                    java.quantise(stored, source, new Kernels.RowRange(0, 37), expected);
                    for (Kernels kernels : natives.with(Instructions.C)) {
                        Weights actual = empty(type, 37, inputs);
                        kernels.quantise(stored, source, new Kernels.RowRange(0, 20), actual);
                        kernels.quantise(
                                stored,
                                source.asSlice(20L * inputs * stored.bytes()),
                                new Kernels.RowRange(20, 17),
                                actual);
                        assertThat(actual.packed().mismatch(expected.packed())).isEqualTo(-1);
                        assertThat(actual.scales().mismatch(expected.scales())).isEqualTo(-1);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "VNNI"})
    void productsInCAndJavaHaveTheSameBits(Instructions instructions) {
        int[][] shapes = {{1, 1}, {5, 3}, {16, 8}, {48, 63}, {33, 257}, {130, 66}, {100, 520}, {400, 70}};
        for (int[] shape : shapes) {
            Weights weights = weights(shape[0], shape[1]);
            for (int rows : new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 29, 100}) {
                MatrixView a = floats(rows, shape[1]);
                MatrixView expected = zeros(rows, shape[0]);
                java.product(weights, a, rows, expected);
                for (Kernels kernels : natives.with(instructions)) {
                    MatrixView actual = zeros(rows, shape[0]);
                    kernels.product(weights, a, rows, actual);
                    assertThat(actual.at().mismatch(expected.at()))
                            .as("%s %s, %d rows", kernels.name(), weights.size(), rows)
                            .isEqualTo(-1);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "VNNI"})
    void aRowDoesNotDependOnTheOtherRows(Instructions instructions) {
        Weights weights = weights(96, 600);
        MatrixView a = floats(150, 600);
        for (Kernels kernels : natives.with(instructions)) {
            MatrixView all = zeros(150, 96);
            kernels.product(weights, a, 150, all);
            MatrixView one = zeros(1, 96);
            for (int row = 0; row < 150; row++) {
                kernels.product(weights, new MatrixView(a.at().asSlice(row * 2400L), 600), 1, one);
                assertThat(one.at().mismatch(all.at().asSlice(row * 384L, 384))).isEqualTo(-1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "VNNI"})
    void theGreatestValuesOfEitherSignDoNotOverflow(Instructions instructions) {
        int inputs = 4099;
        MatrixView ones = zeros(2, inputs);
        for (int k = 0; k < inputs; k++) {
            ones.at().setAtIndex(JAVA_FLOAT, k, 1);
            ones.at().setAtIndex(JAVA_FLOAT, inputs + k, -1);
        }
        Weights weights = empty(WeightType.W8A8, 2, inputs);
        java.quantise(WeightType.F32, ones.at(), new Kernels.RowRange(0, 2), weights);
        for (Kernels kernels : natives.with(instructions)) {
            MatrixView out = zeros(2, 2);
            kernels.product(weights, ones, 2, out);
            for (int i = 0; i < 4; i++) {
                float sum = (i == 0 || i == 3 ? 1 : -1) * 127f * 127 * inputs;
                assertThat(out.at().getAtIndex(JAVA_FLOAT, i)).isEqualTo(sum * (1 / 127f) * (1 / 127f));
            }
        }
    }

    @Test
    void theResultIsNearTheProductOfUnroundedNumbers() {
        MemorySegment source = floats(64, 300).at();
        Weights weights = empty(WeightType.W8A8, 64, 300);
        java.quantise(WeightType.F32, source, new Kernels.RowRange(0, 64), weights);
        MatrixView a = floats(1, 300);
        MatrixView out = zeros(1, 64);
        java.product(weights, a, 1, out);
        for (int n = 0; n < 64; n++) {
            double sum = 0;
            for (int k = 0; k < 300; k++) {
                sum += (double) a.at().getAtIndex(JAVA_FLOAT, k) * source.getAtIndex(JAVA_FLOAT, n * 300L + k);
            }
            assertThat((double) out.at().getAtIndex(JAVA_FLOAT, n)).isBetween(sum - 0.8, sum + 0.8);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "VNNI"})
    void aRowOfZerosGivesTheBiasAndARowWithANanGivesNan(Instructions instructions) {
        Weights zero = weights(20, 70);
        Weights weights = new Weights(
                zero.type(),
                zero.packed(),
                zero.size(),
                zero.scales(),
                floats(1, 20).at());
        MatrixView a = zeros(3, 70);
        a.at().setAtIndex(JAVA_FLOAT, 75, Float.NaN);
        a.at().setAtIndex(JAVA_FLOAT, 150, Float.NEGATIVE_INFINITY);
        List<Kernels> all = new ArrayList<>(natives.with(instructions));
        all.add(java);
        for (Kernels kernels : all) {
            MatrixView out = zeros(3, 20);
            kernels.product(weights, a, 3, out);
            assertThat(out.at().asSlice(0, 80).mismatch(weights.bias())).isEqualTo(-1);
            for (long i = 20; i < 60; i++) {
                assertThat(out.at().getAtIndex(JAVA_FLOAT, i)).isNaN();
            }
        }
    }

    @Test
    void onlyStoredTypesAreRoundedAndOnlyToInt8() {
        Weights to = empty(WeightType.W8A8, 16, 8);
        MemorySegment source = floats(16, 8).at();
        for (Kernels kernels : natives.with(Instructions.C)) {
            assertThatThrownBy(() -> kernels.quantise(WeightType.F32, source, new Kernels.RowRange(1, 16), to))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> kernels.quantise(WeightType.I8, source, new Kernels.RowRange(0, 16), to))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> kernels.pack(WeightType.W8A8, source, new Kernels.RowRange(0, 16), 8, to.packed()))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private Weights weights(int n, int k) {
        Weights weights = empty(WeightType.W8A8, n, k);
        java.quantise(WeightType.F32, floats(n, k).at(), new Kernels.RowRange(0, n), weights);
        return weights;
    }

    private Weights empty(WeightType type, int n, int k) {
        return new Weights(
                type,
                arena.allocate(type.packedBytes(n, k), 64),
                new Weights.Size(n, k),
                arena.allocate(n * 4L, 64),
                null);
    }

    private MemorySegment stored(WeightType type, long count) {
        MemorySegment source = arena.allocate(count * type.bytes(), 64);
        for (long i = 0; i < count; i++) {
            float v = (float) random.nextGaussian();
            if (type == WeightType.F32) {
                source.setAtIndex(JAVA_FLOAT, i, v);
            } else {
                source.setAtIndex(JAVA_SHORT, i, type == WeightType.BF16 ? Bf16.of(v) : Float.floatToFloat16(v));
            }
        }
        return source;
    }

    private MatrixView floats(long rows, long width) {
        MatrixView all = zeros(rows, width);
        for (long i = 0; i < rows * width; i++) {
            all.at().setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return all;
    }

    private MatrixView zeros(long rows, long width) {
        return new MatrixView(arena.allocate(rows * width * 4, 64), width);
    }
}
