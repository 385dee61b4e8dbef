package dev.baton.engine.schedule;

import dev.baton.control.fairness.FairShare;
import dev.baton.kv.BlockPool;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Gives sequences of the queue their first blocks: to compute with, or set aside for KV to come. */
final class Starts<S extends Sequence> {
    private final ScheduleSettings settings;
    private final BlockPool pool;
    private final PrefixCache cache;
    private final FairShare shares;
    private final WaitingQueue<S> queue;
    private final Set<S> prefilling;
    private final Reservations<S> reservations;
    private final Preemption<S> preemption;

    /** @param prefilling shared with the scheduler */
    Starts(
            ScheduleSettings settings,
            BlockPool pool,
            PrefixCache cache,
            FairShare shares,
            WaitingQueue<S> queue,
            Set<S> prefilling,
            Reservations<S> reservations,
            Preemption<S> preemption) {
        this.settings = settings;
        this.pool = pool;
        this.cache = cache;
        this.shares = shares;
        this.queue = queue;
        this.prefilling = prefilling;
        this.reservations = reservations;
        this.preemption = preemption;
    }

    /** Gives blocks to queued sequences that wait for KV, in the queue's order. */
    List<S> reserveWaiting() {
        List<S> reserved = new ArrayList<>();
        for (S head = queue.first(); head != null && head.waitsForKv; head = queue.first()) {
            if (reserveNow(head)) {
                reserved.add(head);
                continue;
            }
            S small = passing(head);
            if (small == null || !small.waitsForKv || !reserveNow(small)) {
                break;
            }
            head.passed++;
            reserved.add(small);
        }
        return reserved;
    }

    /** False when there is no room. */
    private boolean reserveNow(S sequence) {
        while (true) {
            int[] shared = cache.share(sequence);
            boolean room = preemption.hasRoom(blocksFor(sequence.length()) - shared.length);
            if (room && cache.intact(shared)) {
                reserve(sequence, shared);
                return true;
            }
            pool.release(shared);
            if (!room) {
                return false;
            }
        }
    }

    private @Nullable S passing(S head) {
        return queue.passing(
                head,
                sequence -> blocksFor(sequence.length()),
                sequence -> preemption.hasRoom(blocksFor(sequence.length())));
    }

    /** Starts the head of the queue, or a small one while it waits for blocks; null when none starts. */
    @Nullable
    S start(S head, StepPlan<S> plan) {
        if (begin(head, plan)) {
            return head;
        }
        S small = hasRows(head, plan) ? passing(head) : null;
        if (small == null || !begin(small, plan)) {
            return null;
        }
        head.passed++;
        return small;
    }

    private boolean hasRows(S sequence, StepPlan<S> plan) {
        return settings.stepTokens() - plan.rows() >= Math.min(settings.blockTokens(), sequence.length());
    }

    /**
     * Takes the first blocks of the sequence whose turn it is, at the cost of running ones of lower priority where there
     * is no room. The last token is always computed: its row gives the next token's logits.
     */
    private boolean begin(S sequence, StepPlan<S> plan) {
        if (!sequence.waitsForKv && !hasRows(sequence, plan)) {
            return false;
        }
        int[] shared = cache.share(sequence);
        int needed = blocksFor(sequence.length()) - shared.length;
        boolean room = preemption.makeRoom(sequence, needed, plan);
        if (!room || !cache.intact(shared)) {
            pool.release(shared);
            return room && begin(sequence, plan); // with what is left of the prefix: one block is broken less
        }
        if (sequence.waitsForKv) {
            reserve(sequence, shared);
            plan.reserved().add(sequence);
            return true;
        }
        takeShared(sequence, shared);
        sequence.table().append(cache.forget(pool.allocate(needed).orElseThrow()));
        if (!sequence.started) {
            sequence.cachedTokens = sequence.computed;
            sequence.started = true;
            serve(sequence, sequence.length() - sequence.computed);
        }
        sequence.phase = Phase.PREFILLING;
        prefilling.add(sequence);
        plan.started().add(sequence);
        return true;
    }

    /** Out of the queue, with the blocks of its prefix that are here. */
    private void takeShared(S sequence, int[] shared) {
        queue.remove(sequence);
        sequence.table().append(shared);
        if (!sequence.started) {
            pool.goesOnFrom(sequence.names(), shared.length);
        }
        sequence.computed = shared.length * settings.blockTokens();
        sequence.named = shared.length;
    }

    /** The sequence shares what is here of its prefix; the blocks of the rest are set aside for KV to come. */
    private void reserve(S sequence, int[] shared) {
        takeShared(sequence, shared);
        reservations.add(sequence, blocksFor(sequence.length()) - shared.length);
        serve(sequence, 1);
    }

    /** It gets its turn, and so many rows are computed for it. */
    void serve(S sequence, int rows) {
        shares.serve(sequence.terms().tenant(), sequence.terms().weight(), rows);
    }

    private int blocksFor(int tokens) {
        return Math.ceilDiv(tokens, settings.blockTokens());
    }
}
