package dev.baton.kv;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Active blocks whose content another active block is found under: heirs to its name, oldest first. One thread. */
final class Doubles {
    private final @Nullable BlockHash[] names;
    private final Map<BlockHash, Deque<Integer>> heirs = new HashMap<>();

    Doubles(int blocks) {
        names = new BlockHash[blocks];
    }

    void add(int block, BlockHash name) {
        names[block] = name;
        heirs.computeIfAbsent(name, key -> new ArrayDeque<>()).add(block);
    }

    /** Who inherits the name, and is a double no more; null when there is none. */
    @Nullable
    Integer heir(BlockHash name) {
        Deque<Integer> waiting = heirs.get(name);
        if (waiting == null) {
            return null;
        }
        int heir = waiting.getFirst();
        remove(heir);
        return heir;
    }

    /** The block inherits nothing. Nothing happens when it is no double. */
    void remove(int block) {
        BlockHash name = names[block];
        if (name != null) {
            names[block] = null;
            heirs.computeIfPresent(name, (key, waiting) -> waiting.remove(block) && waiting.isEmpty() ? null : waiting);
        }
    }

    /** Nobody inherits the name. */
    void removeAll(BlockHash name) {
        Deque<Integer> waiting = heirs.remove(name);
        if (waiting != null) {
            waiting.forEach(block -> names[block] = null);
        }
    }

    @Nullable
    BlockHash name(int block) {
        return names[block];
    }
}
