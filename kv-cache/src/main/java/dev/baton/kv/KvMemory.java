package dev.baton.kv;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The bytes of one pool: the seam between the owner of its blocks and their content. Host memory is one kind; memory that
 * only a device reads would be another.
 *
 * <p>Any thread may call. The owner of the {@link BlockPool} decides who may touch a block: one that is being written may only
 * be read by a reader that checks afterwards that what it read is whole.
 */
public interface KvMemory {
    KvLayout layout();

    /**
     * Digest of tokens {@code [from, to)} of one layer of one block.
     *
     * @param from counted within the block, 0 to {@code to}
     * @param to at most the tokens of a block
     */
    KvDigest digest(int layer, int block, int from, int to);

    /** Digests of tokens {@code [from, to)} of one block, layer by layer. */
    default List<KvDigest> digests(int block, int from, int to) {
        return IntStream.range(0, layout().layers())
                .mapToObj(layer -> digest(layer, block, from, to))
                .toList();
    }

    /**
     * Copies one layer of one block. Of tokens from {@code rows} on, anything may be there afterwards.
     *
     * @param source of a {@linkplain KvLayout#compatibleWith compatible} layout
     * @param sourceBlock its block; {@code block} is the one of this memory
     * @param rows tokens to copy, 0 to the tokens of a block
     * @return digest of tokens {@code [0, rows)} as they were written here, even while the source was changing
     * @throws IllegalArgumentException when the layouts differ, or nothing leads from that kind of memory to this one:
     *     then {@link #read} and {@link #write} do
     */
    KvDigest copyFrom(KvMemory source, int layer, int sourceBlock, int block, int rows);

    /** Puts one layer of one block into a buffer with {@code layout().layerBlockBytes(layer)} remaining. */
    void read(int layer, int block, ByteBuffer into);

    /** Takes one layer of one block from a buffer with {@code layout().layerBlockBytes(layer)} remaining. */
    void write(int layer, int block, ByteBuffer from);
}
