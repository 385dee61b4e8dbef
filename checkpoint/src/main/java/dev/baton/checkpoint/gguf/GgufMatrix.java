package dev.baton.checkpoint.gguf;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/**
 * A tensor of a file as the folder that the file was made from has it.
 *
 * @param name the folder's
 * @param data its bytes, mapped
 * @param interleavedHeads heads whose rows lie in rotated pairs, where the folder has first halves, then second ones; 0 when
 *     rows lie as they do there
 * @param offset what the file's values have been made larger by
 */
public record GgufMatrix(String name, GgufTensor tensor, MemorySegment data, int interleavedHeads, float offset) {
    public long[] shape() {
        return tensor.shape();
    }

    public GgufType type() {
        return tensor.type();
    }

    /** The values, row by row, where they can be read as they lie. */
    public Optional<MemorySegment> plain() {
        boolean asTheyLie = !type().quantised() && interleavedHeads == 0 && offset == 0;
        return asTheyLie ? Optional.of(data) : Optional.empty();
    }

    /**
     * Reads one row in f32.
     *
     * @param row the folder's; a vector is one row
     * @param to as long as a row
     */
    public void read(long row, float[] to) {
        if (to.length != tensor.columns() || row < 0 || row >= tensor.rows()) {
            throw new IndexOutOfBoundsException(
                    "row %d of %d elements of %s".formatted(row, to.length, Arrays.toString(shape())));
        }
        boolean vector = shape().length == 1;
        Dequantiser.read(type(), data, (vector ? row : stored(row, tensor.rows())) * tensor.rowBytes(), to);
        if (vector && interleavedHeads != 0) {
            float[] stored = to.clone();
            for (int i = 0; i < to.length; i++) {
                to[i] = stored[(int) stored(i, to.length)];
            }
        }
        if (offset != 0) {
            for (int i = 0; i < to.length; i++) {
                to[i] -= offset;
            }
        }
    }

    /**
     * The bytes of one row of blocks.
     *
     * @param row the folder's, of a matrix
     */
    public MemorySegment stored(long row) {
        if (shape().length != 2 || row < 0 || row >= tensor.rows()) {
            throw new IndexOutOfBoundsException("row %d of %s".formatted(row, Arrays.toString(shape())));
        }
        return data.asSlice(stored(row, tensor.rows()) * tensor.rowBytes(), tensor.rowBytes());
    }

    /** Of a Q4_K block whose 12 bytes of factors begin there: what one of its eight groups multiplies the scale by. */
    public static int scaleFactor(MemorySegment data, long at, int group) {
        return Dequantiser.scaleOf(data, at, group);
    }

    /** The same for the minimum. */
    public static int minimumFactor(MemorySegment data, long at, int group) {
        return Dequantiser.minOf(data, at, group);
    }

    /** Where the file has the folder's row. */
    private long stored(long row, long rows) {
        if (interleavedHeads == 0) {
            return row;
        }
        long perHead = rows / interleavedHeads;
        long inHead = row % perHead;
        long half = perHead / 2;
        return row - inHead + inHead % half * 2 + inHead / half;
    }
}
