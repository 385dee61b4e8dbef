package dev.baton.engine.schedule;

import dev.baton.kv.BlockPool;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Who gives way when room is short: of the running sequences whose blocks nobody else reads, the lowest ranked first. */
record PreemptionPolicy<S extends Sequence>(BlockPool pool, Iterable<S> decoding, Iterable<S> prefilling) {
    /** What is short of, at least; less than one of either is enough. */
    record Shortage(int slots, int blocks) {
        boolean over() {
            return slots <= 0 && blocks <= 0;
        }
    }

    /** Lowest ranked first. */
    List<S> all() {
        List<S> all = new ArrayList<>();
        decoding.forEach(all::add);
        prefilling.forEach(all::add);
        return all.stream()
                .filter(sequence -> sequence.goal() != Goal.PREFILL)
                .sorted(WaitingQueue.RANK.reversed())
                .toList();
    }

    /** Those of lower priority, as few as end the shortage; none when all of them would not. */
    List<S> below(int priority, Shortage shortage) {
        List<S> chosen = new ArrayList<>();
        Shortage left = shortage;
        for (S candidate : all()) {
            if (left.over() || candidate.terms().priority() >= priority) {
                break;
            }
            chosen.add(candidate);
            int growth = candidate.phase() == Phase.DECODING ? 1 : 0;
            left = new Shortage(left.slots() - 1, left.blocks() - (int) ownBlocks(candidate) - growth);
        }
        return left.over() ? chosen : List.of();
    }

    private long ownBlocks(S sequence) {
        return Arrays.stream(sequence.table().toArray())
                .filter(block -> pool.references(block) == 1)
                .count();
    }
}
