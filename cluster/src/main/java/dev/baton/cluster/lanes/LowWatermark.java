package dev.baton.cluster.lanes;

import java.util.TreeMap;

/**
 * The offset below which every record of a lane is completed. Records are known by what was read, not by their offset alone:
 * after Kafka was emptied the offsets begin again. Owned by the lane's thread.
 */
final class LowWatermark {
    private final TreeMap<Long, Object> open = new TreeMap<>();
    private long next;

    /** @param next the first offset that will be read */
    LowWatermark(long next) {
        this.next = next;
    }

    /** True when the lane has begun again: what was open before will not be committed. */
    boolean read(long offset, Object record) {
        boolean emptied = offset < next;
        if (emptied) {
            open.clear();
        }
        open.put(offset, record);
        next = offset + 1;
        return emptied;
    }

    void completed(long offset, Object record) {
        open.remove(offset, record);
    }

    int outstanding() {
        return open.size();
    }

    /** What to commit: the lowest offset still open, or the next to be read when none is. */
    long offset() {
        return open.isEmpty() ? next : open.firstKey();
    }
}
