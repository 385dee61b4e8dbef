package dev.baton.kv;

import java.util.Arrays;

/** The blocks of one sequence in the order of its tokens. Owned by one thread. */
public final class BlockTable {
    private final int blockTokens;
    private int[] blocks = new int[8];
    private int size;

    public BlockTable(int blockTokens) {
        if (blockTokens < 1) {
            throw new IllegalArgumentException("block of %d tokens".formatted(blockTokens));
        }
        this.blockTokens = blockTokens;
    }

    public void append(int... more) {
        if (size + more.length > blocks.length) {
            blocks = Arrays.copyOf(blocks, Math.max(size + more.length, size * 2));
        }
        System.arraycopy(more, 0, blocks, size, more.length);
        size += more.length;
    }

    /** Number of blocks. */
    public int size() {
        return size;
    }

    /** Tokens that fit into the blocks. */
    public int capacity() {
        return size * blockTokens;
    }

    public int block(int index) {
        if (index >= size) {
            throw new IndexOutOfBoundsException("block %d of %d".formatted(index, size));
        }
        return blocks[index];
    }

    /** The blocks that hold the first {@code tokens} tokens. */
    public int[] covering(int tokens) {
        if (tokens > capacity()) {
            throw new IndexOutOfBoundsException("%d tokens in blocks for %d".formatted(tokens, capacity()));
        }
        return Arrays.copyOf(blocks, Math.ceilDiv(tokens, blockTokens));
    }

    public int[] toArray() {
        return Arrays.copyOf(blocks, size);
    }

    /** The blocks from {@code index} on. */
    public int[] from(int index) {
        return Arrays.copyOfRange(blocks, index, size);
    }

    /** Takes the first {@code count} blocks out of the table and returns them. */
    public int[] removeFirst(int count) {
        int[] removed = Arrays.copyOf(blocks, count);
        System.arraycopy(blocks, count, blocks, 0, size - count);
        size -= count;
        return removed;
    }

    /** Empties the table and returns what it held. */
    public int[] clear() {
        int[] held = toArray();
        size = 0;
        return held;
    }
}
