package dev.baton.kv;

import java.util.Arrays;

/**
 * The blocks of one sequence in the order of its tokens. The first ones may have been {@linkplain #giveBack given back}: their
 * numbers stay, so that positions do, but what is in them may be another's. Owned by one thread.
 */
public final class BlockTable {
    private final int blockTokens;
    private int[] blocks = new int[8];
    private int size;
    private int givenBack;

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

    /** Blocks at the start that are not the sequence's any more. */
    public int givenBack() {
        return givenBack;
    }

    /** The first {@code count} blocks are not the sequence's any more, and those of them that were until now are returned. */
    public int[] giveBack(int count) {
        int[] given = Arrays.copyOfRange(blocks, givenBack, Math.max(givenBack, count));
        givenBack += given.length;
        return given;
    }

    /** The blocks that have not been given back. */
    public int[] held() {
        return from(givenBack);
    }

    /** Takes the first {@code count} blocks out of the table and returns them. */
    public int[] removeFirst(int count) {
        int[] removed = Arrays.copyOf(blocks, count);
        System.arraycopy(blocks, count, blocks, 0, size - count);
        size -= count;
        return removed;
    }

    /** Empties the table and returns what it {@linkplain #held held}. */
    public int[] clear() {
        int[] held = held();
        size = 0;
        givenBack = 0;
        return held;
    }
}
