package dev.baton.checkpoint.gguf;

/**
 * Where a tensor lies in a file.
 *
 * @param shape as frameworks write it: the last dimension is contiguous
 * @param from offset of its first byte in the file
 */
public record GgufTensor(String name, GgufType type, long[] shape, long from, long bytes) {
    /** Contiguous elements. */
    public long columns() {
        return shape[shape.length - 1];
    }

    /** All elements over {@link #columns}. */
    public long rows() {
        long rows = 1;
        for (int i = 0; i < shape.length - 1; i++) {
            rows *= shape[i];
        }
        return rows;
    }

    long rowBytes() {
        return columns() / type.blockElements() * type.blockBytes();
    }
}
