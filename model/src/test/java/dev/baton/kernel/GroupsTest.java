package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Products of weights in groups of 32. */
class GroupsTest {
    private static final List<WeightType> GROUPED =
            Stream.of(WeightType.values()).filter(WeightType::grouped).toList();

    private final Arena arena = Arena.ofShared();
    private final Random random = new Random(5);
    private final Matrices matrices = new Matrices(arena, random);
    private final Kernels java = new JavaKernels();
    private final OpenKernels natives = new OpenKernels(1, 2, 3);
    /** Of the group that is being made. */
    private final int[] integers = new int[WeightType.IN_GROUP];

    @AfterEach
    void close() {
        natives.close();
        java.close();
        arena.close();
    }

    /** A matrix and the numbers that it stands for. */
    private record Made(Weights weights, double[] values) {}

    /** Random integers, scales and minima. */
    private Made made(WeightType type, int n, int k) {
        Weights weights = new Weights(
                type,
                arena.allocate(type.packedBytes(n, k), 64),
                new Weights.Size(n, k),
                null,
                matrices.floats(1, n).at());
        GroupPanels panels = new GroupPanels(weights);
        double[] values = new double[n * k];
        int block = type.blockInputs() / WeightType.IN_GROUP;
        for (int output = 0; output < n; output++) {
            short scale = 0;
            short minimum = 0;
            for (int group = 0; group < k / WeightType.IN_GROUP; group++) {
                if (group % block == 0) {
                    scale = Float.floatToFloat16(random.nextFloat(0.01f, 0.02f));
                    minimum = Float.floatToFloat16(random.nextFloat(-0.1f, 0.1f));
                    panels.scale(output, group, scale);
                    if (type == WeightType.Q4_1 || type == WeightType.Q4_K) {
                        panels.minimum(output, group, minimum);
                    }
                }
                int factor = random.nextInt(64);
                int minimumFactor = random.nextInt(64);
                if (type == WeightType.Q4_K || type == WeightType.Q4_ZERO) {
                    panels.factor(output, group, factor);
                }
                if (type == WeightType.Q4_K) {
                    panels.minimumFactor(output, group, minimumFactor);
                }
                double d = Float.float16ToFloat(scale);
                double m = Float.float16ToFloat(minimum);
                for (int i = 0; i < WeightType.IN_GROUP; i++) {
                    int q = type == WeightType.Q8_0 ? random.nextInt(256) - 128 : random.nextInt(16);
                    values[output * k + group * WeightType.IN_GROUP + i] = switch (type) {
                        case Q4_0 -> d * (q - 8);
                        case Q4_1 -> d * q + m;
                        case Q4_K -> d * factor * q - m * minimumFactor;
                        case Q4_ZERO -> d * (q - factor);
                        default -> d * q;
                    };
                    integers[i] = q;
                }
                words(type, panels, output, group);
            }
        }
        return new Made(weights, values);
    }

    private void words(WeightType type, GroupPanels panels, int output, int group) {
        int bits = type == WeightType.Q8_0 ? 8 : 4;
        for (int index = 0; index < bits; index++) {
            int word = 0;
            for (int i = 0; i < 4; i++) {
                int both = bits == 8
                        ? integers[index * 4 + i] & 0xff
                        : integers[index * 4 + i] | (integers[16 + index * 4 + i] << 4);
                word |= both << (i * 8);
            }
            panels.word(output, group, index, word);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "AVX_512"})
    void productsInCAndJavaHaveTheSameBitsForEveryTypeAndNumberOfRows(Instructions instructions) {
        int[][] shapes = {{16, 256}, {5, 512}, {112, 256}, {37, 1024}};
        for (WeightType type : GROUPED) {
            for (int[] shape : shapes) {
                Weights weights = made(type, shape[0], shape[1]).weights();
                for (int rows : new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 24, 25, 29, 131}) {
                    MatrixView a = matrices.floats(rows, shape[1]);
                    MatrixView expected = matrices.zeros(rows, shape[0]);
                    java.product(weights, a, rows, expected);
                    for (Kernels kernels : natives.with(instructions)) {
                        MatrixView actual = matrices.zeros(rows, shape[0]);
                        kernels.product(weights, a, rows, actual);
                        Matrices.assertSame(
                                actual,
                                expected,
                                "%s %s %s, %d rows".formatted(kernels.name(), type, weights.size(), rows));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "AVX_512"})
    void aRowDoesNotDependOnTheOtherRows(Instructions instructions) {
        int k = 1024;
        for (WeightType type : GROUPED) {
            Weights weights = made(type, 96, k).weights();
            MatrixView a = matrices.floats(150, k);
            for (Kernels kernels : natives.with(instructions)) {
                MatrixView all = matrices.zeros(150, 96);
                kernels.product(weights, a, 150, all);
                MatrixView one = matrices.zeros(1, 96);
                for (int row = 0; row < 150; row++) {
                    kernels.product(weights, new MatrixView(a.at().asSlice((long) row * k * 4), k), 1, one);
                    assertThat(one.at().mismatch(all.at().asSlice(row * 384L, 384)))
                            .isEqualTo(-1);
                }
            }
        }
    }

    private static float bias(Weights weights, int output) {
        return Objects.requireNonNull(weights.bias()).getAtIndex(JAVA_FLOAT, output);
    }

    @Test
    void eachWeightIsItsIntegerTimesItsScaleAndWhatTheTypeAdds() {
        int k = 512;
        for (WeightType type : GROUPED) {
            Made made = made(type, 21, k);
            MatrixView unit = matrices.zeros(1, k);
            MatrixView out = matrices.zeros(1, 21);
            for (int i = 0; i < k; i++) {
                unit.at().setAtIndex(JAVA_FLOAT, i, 1);
                java.product(made.weights(), unit, 1, out);
                unit.at().setAtIndex(JAVA_FLOAT, i, 0);
                for (int n = 0; n < 21; n++) {
                    double bias = bias(made.weights(), n);
                    assertThat((double) out.at().getAtIndex(JAVA_FLOAT, n))
                            .as("%s, %d of output %d", type, i, n)
                            .isCloseTo(made.values()[n * k + i] + bias, within(2e-5));
                }
            }
        }
    }

    @Test
    void theResultIsNearTheProductOfUnroundedActivations() {
        int k = 1024;
        for (WeightType type : GROUPED) {
            Made made = made(type, 32, k);
            MatrixView a = matrices.floats(1, k);
            MatrixView out = matrices.zeros(1, 32);
            java.product(made.weights(), a, 1, out);
            for (int n = 0; n < 32; n++) {
                double sum = bias(made.weights(), n);
                double squares = 0;
                for (int i = 0; i < k; i++) {
                    double w = made.values()[n * k + i];
                    sum += w * a.at().getAtIndex(JAVA_FLOAT, i);
                    squares += w * w;
                }
                // A step is a 127th of the greatest of 32 activations, about 2.1; an error is a step over the root of
                // 12.
                assertThat((double) out.at().getAtIndex(JAVA_FLOAT, n))
                        .as(type.name())
                        .isCloseTo(sum, within(Math.sqrt(squares) * 2.1 / 127 / Math.sqrt(12) * 5));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "AVX_512"})
    void theGreatestValuesOfEitherSignDoNotOverflow(Instructions instructions) {
        int k = 256;
        MatrixView ones = matrices.zeros(2, k);
        for (int i = 0; i < k; i++) {
            ones.at().setAtIndex(JAVA_FLOAT, i, 1);
            ones.at().setAtIndex(JAVA_FLOAT, k + i, -1);
        }
        for (WeightType type : List.of(WeightType.Q4_0, WeightType.Q8_0)) {
            Weights weights = made(type, 1, k).weights();
            GroupPanels panels = new GroupPanels(weights);
            for (int group = 0; group < k / WeightType.IN_GROUP; group++) {
                panels.scale(0, group, Float.floatToFloat16(1));
                for (int index = 0; index < (type == WeightType.Q8_0 ? 8 : 4); index++) {
                    panels.word(0, group, index, type == WeightType.Q8_0 ? 0x80808080 : -1);
                }
            }
            for (Kernels kernels : natives.with(instructions)) {
                MatrixView out = matrices.zeros(2, 1);
                kernels.product(weights, ones, 2, out);
                float bias = bias(weights, 0);
                float each = type == WeightType.Q8_0 ? -128 : 7;
                assertThat(out.at().getAtIndex(JAVA_FLOAT, 0)).isCloseTo(each * k + bias, within(0.02f));
                assertThat(out.at().getAtIndex(JAVA_FLOAT, 1)).isCloseTo(-each * k + bias, within(0.02f));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "AVX_512"})
    void aRowOfZerosGivesTheBiasAndARowWithANanGivesNan(Instructions instructions) {
        Weights weights = made(WeightType.Q4_1, 20, 64).weights();
        MatrixView a = matrices.zeros(3, 64);
        a.at().setAtIndex(JAVA_FLOAT, 70, Float.NaN);
        a.at().setAtIndex(JAVA_FLOAT, 160, Float.NEGATIVE_INFINITY);
        List<Kernels> all = new ArrayList<>(natives.with(instructions));
        all.add(java);
        for (Kernels kernels : all) {
            MatrixView out = matrices.zeros(3, 20);
            kernels.product(weights, a, 3, out);
            assertThat(out.at().asSlice(0, 80).mismatch(weights.bias())).isEqualTo(-1);
            for (long i = 20; i < 60; i++) {
                assertThat(out.at().getAtIndex(JAVA_FLOAT, i)).isNaN();
            }
        }
    }

    @Test
    void whatHasNoWholeBlocksOrIsPackedElementByElementIsRefused() {
        assertThatThrownBy(() -> WeightType.Q4_0.packedBytes(16, 40)).hasMessageContaining("blocks of 32");
        assertThatThrownBy(() -> WeightType.Q4_K.packedBytes(16, 288)).hasMessageContaining("blocks of 256");
        MemorySegment source = arena.allocate(4096, 64);
        for (Kernels kernels : natives.with(Instructions.C)) {
            assertThatThrownBy(() -> kernels.pack(WeightType.Q4_0, source, new Kernels.RowRange(0, 16), 32, source))
                    .isInstanceOf(IllegalArgumentException.class);
            Weights to = made(WeightType.Q4_0, 16, 32).weights();
            assertThatThrownBy(() -> kernels.quantise(WeightType.F32, source, new Kernels.RowRange(0, 16), to))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
