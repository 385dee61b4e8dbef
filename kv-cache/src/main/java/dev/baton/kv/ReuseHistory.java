package dev.baton.kv;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which names were asked for before, and which go on from one that was. What a conversation adds in its second turn is asked
 * for again far more often than what somebody says once. Bounded: the name unused for longest is forgotten. One thread.
 */
final class ReuseHistory {
    /** What more continue, as a system prompt, says nothing of how each of them goes on. */
    private static final int MOST_CONTINUATIONS = 2;

    private final Map<BlockHash, Past> names;

    private static final class Past {
        private boolean again;
        private int continuations;
    }

    /** @param most names that are remembered */
    ReuseHistory(int most) {
        names = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<BlockHash, Past> eldest) {
                return size() > most;
            }
        };
    }

    /**
     * A name is asked for, or given to a new block.
     *
     * @return whether it is likely to be asked for again: it was seen before, or continues what was
     */
    boolean seen(BlockHash name, @Nullable BlockHash parent) {
        Past known = names.get(name);
        if (known != null) {
            known.again = true;
            return true;
        }
        Past past = new Past();
        Past before = parent == null ? null : names.get(parent);
        if (before != null) {
            past.again = ++before.continuations <= MOST_CONTINUATIONS && before.again;
        }
        names.put(name, past);
        return past.again;
    }
}
