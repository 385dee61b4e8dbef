package dev.baton.cluster.lanes;

import java.util.TreeSet;

/** The offset below which every record of a lane is completed. Owned by the lane's thread. */
final class LowWatermark {
    private final TreeSet<Long> open = new TreeSet<>();
    private long next;

    /** @param next the first offset that will be read */
    LowWatermark(long next) {
        this.next = next;
    }

    void read(long offset) {
        open.add(offset);
        next = Math.max(next, offset + 1);
    }

    void completed(long offset) {
        open.remove(offset);
    }

    int outstanding() {
        return open.size();
    }

    /** What to commit: the lowest offset still open, or the next to be read when none is. */
    long offset() {
        return open.isEmpty() ? next : open.first();
    }
}
