package dev.baton.kv;

import java.util.Arrays;

/** Each block's {@link BlockState}, how many are in each, and which of the free ones is handed out first. One thread. */
final class BlockStates {
    private final BlockState[] states;
    private final int[] counts = new int[BlockState.values().length];
    private final FreeList free;

    /** All free. */
    BlockStates(int blocks) {
        states = new BlockState[blocks];
        Arrays.fill(states, BlockState.FREE);
        free = new FreeList(blocks);
        counts[BlockState.FREE.ordinal()] = blocks;
    }

    int blocks() {
        return states.length;
    }

    int count(BlockState state) {
        return counts[state.ordinal()];
    }

    BlockState of(int block) {
        return states[block];
    }

    int firstFree() {
        return free.first();
    }

    int[] freeBlocks() {
        return free.toArray();
    }

    /** A free block is handed out after all others that are free now. */
    void useLast(int block) {
        require(block, BlockState.FREE);
        free.remove(block);
        free.addLast(block);
    }

    /** @throws IllegalStateException when a block is not in the state that it leaves; those before it have moved */
    void move(BlockState from, BlockState to, int... blocks) {
        for (int block : blocks) {
            require(block, from);
            states[block] = to;
            counts[from.ordinal()]--;
            counts[to.ordinal()]++;
            if (from == BlockState.FREE) {
                free.remove(block);
            }
            if (to == BlockState.FREE) {
                free.addFirst(block);
            }
        }
    }

    void require(int block, BlockState expected) {
        if (states[block] != expected) {
            throw new IllegalStateException("block %d is %s, not %s".formatted(block, states[block], expected));
        }
    }
}
