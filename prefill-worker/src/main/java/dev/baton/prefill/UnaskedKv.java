package dev.baton.prefill;

import dev.baton.protocol.v1.WorkerRef;
import java.util.HashMap;
import java.util.Map;

/**
 * Blocks of prompts whose decode worker has not asked for them yet. Those for one decode worker take at most half of the
 * pool, but one prompt always may: so one that is full does not stop prompts for others. Safe from any thread.
 */
final class UnaskedKv {
    private final int most;
    private final Map<WorkerRef, Integer> blocks = new HashMap<>();

    /** @param poolBlocks of this worker */
    UnaskedKv(int poolBlocks) {
        most = poolBlocks / 2;
    }

    synchronized boolean hasRoom(WorkerRef decode, int more) {
        int held = blocks.getOrDefault(decode, 0);
        return held == 0 || held + more <= most;
    }

    synchronized void add(WorkerRef decode, int more) {
        blocks.merge(decode, more, Integer::sum);
    }

    /** It has asked, or never will. */
    synchronized void remove(WorkerRef decode, int less) {
        blocks.computeIfPresent(decode, (worker, held) -> held > less ? held - less : null);
    }
}
