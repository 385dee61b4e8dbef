package dev.baton.control;

import java.util.AbstractList;
import java.util.Objects;
import java.util.RandomAccess;

/**
 * Token ids that never change: a view of a part of an int array, so that they travel without being boxed or copied.
 * Equal to any list of the same ids.
 */
public final class TokenIds extends AbstractList<Integer> implements RandomAccess {
    private final int[] ids;
    private final int from;
    private final int size;

    /** The array must not change between the two bounds. */
    TokenIds(int[] ids, int from, int to) {
        this.ids = ids;
        this.from = from;
        this.size = to - from;
    }

    public static TokenIds of(int... ids) {
        return new TokenIds(ids.clone(), 0, ids.length);
    }

    /** As {@link #get}, not boxed. */
    public int at(int index) {
        return ids[from + Objects.checkIndex(index, size)];
    }

    @Override
    public Integer get(int index) {
        return at(index);
    }

    @Override
    public int size() {
        return size;
    }
}
