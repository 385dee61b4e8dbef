package dev.baton.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A matrix of every type that is read, against the values that the {@code gguf} package for Python makes of it. */
class GgufTypesTest {
    static final Path TYPES = Path.of("src/test/resources/reference/types.gguf");
    private static final int ROWS = 2;
    private static final int COLUMNS = 512;

    @Test
    void everyTypeHasExactlyTheValuesOfTheReference() throws IOException {
        FloatBuffer expected = ByteBuffer.wrap(Files.readAllBytes(TYPES.resolveSibling("types.bin")))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        GgufFile file = GgufFile.read(TYPES);
        assertThat(file.tensors().values())
                .extracting(GgufTensor::type)
                .containsExactlyInAnyOrderElementsOf(Arrays.stream(GgufType.values())
                        .filter(GgufType::readable)
                        .toList());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = GgufFile.map(TYPES, arena);
            for (GgufTensor tensor : file.tensors().values()) {
                GgufMatrix matrix = new GgufMatrix("any", tensor, bytes.asSlice(tensor.from(), tensor.bytes()), 0, 0);
                for (int row = 0; row < ROWS; row++) {
                    float[] wanted = new float[COLUMNS];
                    expected.get(wanted);
                    assertThat(row(matrix, row))
                            .as("%s, row %d", tensor.type(), row)
                            .isEqualTo(wanted);
                }
            }
        }
        assertThat(expected.hasRemaining()).isFalse();
    }

    @Test
    void rowsOfRotatedPairsComeAsHalvesOfTheirHeads() {
        float[] pairs = {0, 4, 1, 5, 2, 6, 3, 7, 10, 14, 11, 15, 12, 16, 13, 17};
        GgufTensor tensor = new GgufTensor("q", GgufType.F32, new long[] {16, 1}, 0, 64);
        GgufMatrix matrix = new GgufMatrix("q", tensor, MemorySegment.ofArray(pairs), 2, 0);
        List<Float> rows = new ArrayList<>();
        for (int row = 0; row < 16; row++) {
            rows.add(row(matrix, row)[0]);
        }
        assertThat(rows).containsExactly(0f, 1f, 2f, 3f, 4f, 5f, 6f, 7f, 10f, 11f, 12f, 13f, 14f, 15f, 16f, 17f);
    }

    @Test
    void whatWasAddedToNormsIsTakenOff() {
        GgufTensor tensor = new GgufTensor("n", GgufType.F32, new long[] {3}, 0, 12);
        GgufMatrix norm = new GgufMatrix("n", tensor, MemorySegment.ofArray(new float[] {1, 1.5f, 0.25f}), 0, 1);
        assertThat(row(norm, 0)).containsExactly(0, 0.5f, -0.75f);
    }

    private static float[] row(GgufMatrix matrix, long row) {
        float[] values = new float[(int) matrix.tensor().columns()];
        matrix.read(row, values);
        return values;
    }
}
