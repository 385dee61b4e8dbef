package dev.baton.engine.schedule;

import dev.baton.kv.BlockPool;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Sequences whose KV others write into blocks that are set aside for it, from then until the KV has come. When one ends
 * before, its blocks are quarantined until the writer is known to have stopped.
 */
final class Reservations<S extends Sequence> {
    private final BlockPool pool;
    private final PrefixCache cache;
    private final TreeSet<S> reserved = new TreeSet<>(WaitingQueue.RANK);
    private final TreeSet<S> quarantined = new TreeSet<>(WaitingQueue.RANK);

    Reservations(BlockPool pool, PrefixCache cache) {
        this.pool = pool;
        this.cache = cache;
    }

    /** Sequences that wait for KV; those in quarantine have ended and do not count. */
    int size() {
        return reserved.size();
    }

    /** Sets blocks aside after those that the sequence shares, which are in its table already. */
    void add(S sequence, int blocks) {
        sequence.cachedTokens = sequence.computed;
        sequence.reservedFrom = sequence.table().size();
        sequence.table().append(cache.forget(pool.reserve(blocks).orElseThrow()));
        sequence.phase = Phase.RESERVED;
        reserved.add(sequence);
    }

    /** No more KV will come: the blocks are the sequence's own, to compute with. */
    void activate(S sequence) {
        if (sequence.phase != Phase.RESERVED) {
            throw new IllegalStateException("KV for a sequence that is %s, not RESERVED".formatted(sequence.phase));
        }
        reserved.remove(sequence);
        pool.activate(sequence.reserved());
        sequence.waitsForKv = false;
        sequence.started = true;
    }

    /** The sequence ends while its blocks may still be written. */
    void quarantine(S sequence) {
        reserved.remove(sequence);
        pool.quarantine(sequence.reserved());
        pool.release(sequence.table().removeFirst(sequence.reservedFrom));
        sequence.reservedFrom = 0;
        sequence.phase = Phase.QUARANTINED;
        quarantined.add(sequence);
    }

    /** The writer has stopped. */
    void endQuarantine(S sequence) {
        quarantined.remove(sequence);
        pool.endQuarantine(sequence.table().clear());
        sequence.phase = Phase.ENDED;
    }

    /** All that hold blocks here. */
    Stream<S> stream() {
        return Stream.concat(reserved.stream(), quarantined.stream());
    }
}
