package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.checkpoint.gguf.GgufMatrix;
import dev.baton.checkpoint.gguf.GgufTensor;
import dev.baton.checkpoint.gguf.GgufType;
import dev.baton.kernel.GroupPanels;
import dev.baton.kernel.JavaKernels;
import dev.baton.kernel.Kernels;
import dev.baton.kernel.MatrixView;
import dev.baton.kernel.Weights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Groups as the kernels get them, against the values that the file's blocks stand for. */
class GgufGroupsTest {
    private static final int ROWS = 20;
    private static final int COLUMNS = 512;

    @ParameterizedTest
    @EnumSource(
            value = GgufType.class,
            names = {"Q4_0", "Q4_1", "Q4_K", "Q5_0", "Q8_0"})
    void everyWeightIsWhatTheBlockStandsFor(GgufType type) {
        try (Arena arena = Arena.ofConfined();
                Kernels kernels = new JavaKernels()) {
            GgufMatrix matrix = random(type, arena);
            GroupedRows groups = GgufGroups.of(matrix).orElseThrow();
            Weights weights = new Weights(
                    groups.grouped(),
                    arena.allocate(groups.grouped().packedBytes(ROWS, COLUMNS), 64),
                    new Weights.Size(ROWS, COLUMNS),
                    null,
                    null);
            GroupPanels panels = new GroupPanels(weights);
            for (int row = 0; row < ROWS; row++) {
                groups.write(row, panels, row);
            }
            float[][] expected = new float[ROWS][COLUMNS];
            for (int row = 0; row < ROWS; row++) {
                matrix.read(row, expected[row]);
            }
            MatrixView unit = new MatrixView(arena.allocate(COLUMNS * 4L, 64), COLUMNS);
            MatrixView out = new MatrixView(arena.allocate(ROWS * 4L, 64), ROWS);
            for (int i = 0; i < COLUMNS; i++) {
                unit.at().setAtIndex(JAVA_FLOAT, i, 1);
                kernels.product(weights, unit, 1, out);
                unit.at().setAtIndex(JAVA_FLOAT, i, 0);
                for (int row = 0; row < ROWS; row++) {
                    assertThat(out.at().getAtIndex(JAVA_FLOAT, row))
                            .as("row %d, column %d", row, i)
                            .isCloseTo(expected[row][i], within(1e-4f));
                }
            }
        }
    }

    /** Any bits but for scales and minima, which are numbers about a hundredth; rows of two heads lie interleaved. */
    private static GgufMatrix random(GgufType type, Arena arena) {
        Random random = new Random(3);
        long blocks = (long) ROWS * COLUMNS / type.blockElements();
        byte[] bytes = new byte[(int) (blocks * type.blockBytes())];
        random.nextBytes(bytes);
        MemorySegment data = arena.allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
        for (long block = 0; block < blocks; block++) {
            for (int half = 0; half < (type == GgufType.Q4_1 || type == GgufType.Q4_K ? 2 : 1); half++) {
                data.set(
                        JAVA_SHORT_UNALIGNED,
                        block * type.blockBytes() + half * 2L,
                        Float.floatToFloat16(random.nextFloat(0.005f, 0.02f)));
            }
        }
        GgufTensor tensor = new GgufTensor("q", type, new long[] {ROWS, COLUMNS}, 0, bytes.length);
        return new GgufMatrix("q", tensor, data, 2, 0);
    }
}
