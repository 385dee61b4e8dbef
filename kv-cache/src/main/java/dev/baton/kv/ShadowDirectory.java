package dev.baton.kv;

import java.util.LinkedHashSet;
import java.util.SequencedSet;

/**
 * The names that a cache of some size and some {@linkplain EvictionOrder guarded} share would hold, without the blocks: what
 * it would have found is counted. One thread.
 */
final class ShadowDirectory {
    private final int capacity;
    private final double decay;
    private final SequencedSet<BlockHash> others = new LinkedHashSet<>();
    private final SequencedSet<BlockHash> guarded = new LinkedHashSet<>();
    private double guardedShare;
    private double score;
    private long hits;

    /**
     * @param capacity in blocks
     * @param memory of {@link #score}: so many names ago counts for a third
     */
    ShadowDirectory(int capacity, double guardedShare, long memory) {
        this.capacity = capacity;
        this.guardedShare = guardedShare;
        this.decay = 1 - 1.0 / memory;
    }

    /**
     * A name is asked for, and from then on held.
     *
     * @param again as {@link ReuseHistory#seen} says
     */
    void touch(BlockHash name, boolean again) {
        score *= decay;
        boolean hit = guarded.remove(name) || others.remove(name);
        if (hit) {
            hits++;
            score++;
        } else if (guarded.size() + others.size() >= capacity) {
            (others.isEmpty() ? guarded : others).removeFirst();
        }
        (hit || again ? guarded : others).addLast(name);
        while (guarded.size() > (int) (guardedShare * capacity)) {
            others.addLast(guarded.removeFirst());
        }
    }

    void guardedShare(double share) {
        guardedShare = share;
    }

    double guardedShare() {
        return guardedShare;
    }

    /** Hits, of which those long ago count less. */
    double score() {
        return score;
    }

    long hits() {
        return hits;
    }
}
