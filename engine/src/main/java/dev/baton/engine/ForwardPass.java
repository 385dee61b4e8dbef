package dev.baton.engine;

import dev.baton.engine.ModelRunner.Slice;
import dev.baton.engine.schedule.StepPlan.Chunk;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Runs a step's chunks in one batch; when that fails, each alone, so that only those fail that fail by themselves. */
final class ForwardPass {
    private static final Logger LOG = System.getLogger(ForwardPass.class.getName());

    private final ModelRunner runner;
    private final StepMeter meter;
    private final Caller caller;

    /** Hears what became of each chunk. Any of these may end sequences of the same step. */
    interface Caller {
        /** One layer of these chunks is in their blocks. */
        void layerDone(List<Chunk<LiveSequence>> chunks, int layer);

        /** @param row of the logits, −1 when the chunk is not its sequence's last */
        void computed(Chunk<LiveSequence> chunk, MemorySegment logits, int row);

        /** Reserved blocks, which nobody can find yet, could not be taken over. */
        void takeOverFailed(LiveSequence sequence, RuntimeException cause);

        /** What its blocks hold of the chunk, and of what the chunk was computed from, is not to be trusted. */
        void stepFailed(LiveSequence sequence, RuntimeException cause);
    }

    ForwardPass(ModelRunner runner, StepMeter meter, Caller caller) {
        this.runner = runner;
        this.meter = meter;
        this.caller = caller;
    }

    /** Hands the runner blocks that somebody else wrote. False when it could not take them: the sequence has failed. */
    boolean takeOver(LiveSequence sequence) {
        try {
            runner.arrived(sequence.reserved());
            return true;
        } catch (RuntimeException e) {
            caller.takeOverFailed(sequence, e);
            return false;
        }
    }

    void run(List<Chunk<LiveSequence>> chunks) {
        List<Slice> slices = new ArrayList<>(chunks.size());
        for (Chunk<LiveSequence> chunk : chunks) {
            LiveSequence sequence = chunk.sequence();
            int[] blocks = sequence.table().covering(chunk.to());
            slices.add(new Slice(sequence.tokens(chunk.from(), chunk.to()), chunk.from(), blocks, chunk.last()));
        }
        MemorySegment logits;
        try {
            logits = runner.forward(slices, layer -> caller.layerDone(chunks, layer));
        } catch (RuntimeException e) {
            if (chunks.size() == 1) {
                caller.stepFailed(chunks.getFirst().sequence(), e);
            } else {
                LOG.log(Level.WARNING, meter.describeStep() + " failed, its sequences are tried one by one", e);
                chunks.forEach(chunk -> run(List.of(chunk)));
            }
            return;
        } catch (Error e) {
            throw new IllegalStateException(meter.describeStep() + " broke the engine", e);
        }
        int row = 0;
        for (Chunk<LiveSequence> chunk : chunks) {
            caller.computed(chunk, logits, chunk.last() ? row++ : -1);
        }
    }
}
