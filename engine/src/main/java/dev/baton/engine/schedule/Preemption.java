package dev.baton.engine.schedule;

import dev.baton.kv.BlockPool;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds room for a sequence, at the cost of running ones where there is none: of those whose blocks no other worker reads,
 * the lowest ranked gives way first. It loses its blocks and is queued to be computed again.
 */
final class Preemption<S extends Sequence> {
    private final BlockPool pool;
    private final PrefixCache cache;
    private final WaitingQueue<S> queue;
    private final Set<S> prefilling;
    private final Set<S> decoding;
    private final Reservations<S> reservations;
    private final int maxSequences;

    /** @param prefilling running sequences, shared with the scheduler, as {@code decoding} is */
    Preemption(
            BlockPool pool,
            PrefixCache cache,
            WaitingQueue<S> queue,
            Set<S> prefilling,
            Set<S> decoding,
            Reservations<S> reservations,
            int maxSequences) {
        this.pool = pool;
        this.cache = cache;
        this.queue = queue;
        this.prefilling = prefilling;
        this.decoding = decoding;
        this.reservations = reservations;
        this.maxSequences = maxSequences;
    }

    /** Slots and blocks that are missing for a sequence to start; zero or less of either is enough. */
    private record Shortage(int slots, int blocks) {
        boolean over() {
            return slots <= 0 && blocks <= 0;
        }
    }

    /** True when one more sequence with so many new blocks fits without preemption. */
    boolean hasRoom(int blocks) {
        return shortage(blocks).over();
    }

    /** What is left for sequences that start; each running answer is about to need a block. */
    Room room() {
        int held = prefilling.size() + decoding.size() + reservations.size();
        return new Room(0, maxSequences - held, pool.available() - decoding.size());
    }

    private Shortage shortage(int blocks) {
        Room room = room();
        return new Shortage(1 - room.places(), blocks - room.blocks());
    }

    /** Makes room for a sequence that starts, at the cost of its tenant's lower priorities and of work for later; false when there is none. */
    boolean makeRoom(S sequence, int blocks, StepPlan<S> plan) {
        Shortage shortage = shortage(blocks);
        if (!shortage.over()) {
            below(sequence, shortage).forEach(victim -> preempt(victim, plan));
        }
        return hasRoom(blocks);
    }

    /** Makes room for a decoding sequence's next token; false when the sequence does not run this step. */
    boolean grow(S sequence, StepPlan<S> plan) {
        while (sequence.length() > sequence.table().capacity()) {
            if (sequence.table().size() == pool.blocks()) {
                // However few of them it still holds: it could not be computed again.
                plan.stuck().add(sequence);
                return false;
            }
            Optional<int[]> block = pool.allocate(1);
            if (block.isPresent()) {
                sequence.table().append(cache.forget(block.get()));
                continue;
            }
            S victim = candidates().getFirst();
            preempt(victim, plan);
            if (victim == sequence) {
                return false;
            }
        }
        return true;
    }

    private void preempt(S sequence, StepPlan<S> plan) {
        decoding.remove(sequence);
        prefilling.remove(sequence);
        pool.release(sequence.table().clear());
        sequence.computed = 0;
        sequence.named = 0;
        sequence.phase = Phase.QUEUED;
        queue.add(sequence);
        plan.preempted().add(sequence);
        plan.chunks().removeIf(chunk -> chunk.sequence() == sequence);
    }

    /** Lowest ranked first. */
    private List<S> candidates() {
        List<S> all = new ArrayList<>(decoding);
        all.addAll(prefilling);
        all.removeIf(sequence -> sequence.goal().handsOver());
        return WaitingQueue.order(all).reversed();
    }

    /** Those of lower priority and the same tenant, and work for later of any, as few as end the shortage; none when all of them would not. */
    private List<S> below(S starting, Shortage shortage) {
        List<S> chosen = new ArrayList<>();
        Shortage left = shortage;
        for (S candidate : candidates()) {
            boolean ownAndLower = candidate.terms().priority()
                            < starting.terms().priority()
                    && candidate.terms().tenant().equals(starting.terms().tenant());
            boolean lower = ownAndLower
                    || (candidate.terms().later() && !starting.terms().later());
            if (!lower || left.over()) {
                continue;
            }
            chosen.add(candidate);
            int growth = candidate.phase() == Phase.DECODING ? 1 : 0;
            left = new Shortage(left.slots() - 1, left.blocks() - (int) ownBlocks(candidate) - growth);
        }
        return left.over() ? chosen : List.of();
    }

    private long ownBlocks(S sequence) {
        return Arrays.stream(sequence.table().held())
                .filter(block -> pool.references(block) == 1)
                .count();
    }
}
