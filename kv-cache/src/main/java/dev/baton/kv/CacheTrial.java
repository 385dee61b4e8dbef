package dev.baton.kv;

import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides by trial how much of a cache is {@linkplain EvictionOrder guarded}: shadows with several shares see the same names,
 * and the share that has found most of late is used. None, that is least recently used, is one of them. One thread.
 */
final class CacheTrial {
    /** A cache of more blocks is not watched: names alone would take much memory, and at that size the shares differ little. */
    private static final int MOST_BLOCKS = 32_768;

    private static final List<Double> SHARES = List.of(0.0, 0.3, 0.6, 0.9);
    private static final int REMEMBERED = 5;
    private static final int SCORED = 4;
    private static final int DECIDED_EVERY = 1_024;

    private final @Nullable ReuseHistory history;
    private final List<ShadowDirectory> shadows;
    private final ShadowDirectory same;
    private final ShadowDirectory twice;
    private long touches;

    private CacheTrial(int blocks, List<Double> shares, boolean watches) {
        long memory = (long) SCORED * blocks;
        history = watches ? new ReuseHistory(REMEMBERED * blocks) : null;
        shadows = shares.stream()
                .map(share -> new ShadowDirectory(blocks, share, memory))
                .toList();
        same = new ShadowDirectory(blocks, shares.getFirst(), memory);
        twice = new ShadowDirectory(2 * blocks, shares.getFirst(), memory);
    }

    static CacheTrial of(int blocks) {
        return new CacheTrial(blocks, SHARES, blocks <= MOST_BLOCKS);
    }

    /** Always this share: for comparison. */
    static CacheTrial fixed(int blocks, double share) {
        return new CacheTrial(blocks, List.of(share), true);
    }

    /**
     * A name is asked for, or given to a new block.
     *
     * @return whether its block belongs to what is guarded
     */
    boolean touch(BlockHash name, @Nullable BlockHash parent) {
        if (history == null) {
            return false;
        }
        boolean again = history.seen(name, parent);
        shadows.forEach(shadow -> shadow.touch(name, again));
        same.touch(name, again);
        twice.touch(name, again);
        if (++touches % DECIDED_EVERY == 0) {
            ShadowDirectory best = shadows.stream()
                    .max(Comparator.comparingDouble(ShadowDirectory::score))
                    .orElseThrow();
            same.guardedShare(best.guardedShare());
            twice.guardedShare(best.guardedShare());
        }
        return again;
    }

    double guardedShare() {
        return same.guardedShare();
    }

    CacheForecast forecast() {
        return new CacheForecast(touches, same.hits(), twice.hits(), guardedShare());
    }
}
