package dev.baton.kv;

/**
 * Free blocks in the order in which they are handed out. The one freed last goes first, for its bytes may still be in a
 * core's cache; any block can be taken out or put last. All in constant time. One thread.
 */
final class FreeList {
    private final int end;
    private final int[] next;
    private final int[] previous;
    private int size;

    /** All blocks are free, handed out from 0 on. */
    FreeList(int blocks) {
        end = blocks;
        next = new int[blocks + 1];
        previous = new int[blocks + 1];
        next[end] = end;
        previous[end] = end;
        for (int block = 0; block < blocks; block++) {
            insert(previous[end], block);
        }
    }

    int size() {
        return size;
    }

    /** The block to hand out next. There must be one. */
    int first() {
        if (size == 0) {
            throw new IllegalStateException("no block is free");
        }
        return next[end];
    }

    void addFirst(int block) {
        insert(end, block);
    }

    void addLast(int block) {
        insert(previous[end], block);
    }

    /** Takes out a block that is in the list. */
    void remove(int block) {
        next[previous[block]] = next[block];
        previous[next[block]] = previous[block];
        size--;
    }

    private void insert(int after, int block) {
        next[block] = next[after];
        previous[block] = after;
        previous[next[after]] = block;
        next[after] = block;
        size++;
    }

    int[] toArray() {
        int[] blocks = new int[size];
        int block = next[end];
        for (int i = 0; i < size; i++) {
            blocks[i] = block;
            block = next[block];
        }
        return blocks;
    }
}
