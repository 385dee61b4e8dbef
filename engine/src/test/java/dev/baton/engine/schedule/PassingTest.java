package dev.baton.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.schedule.Sequence.Terms;
import dev.baton.kv.BlockPool;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who may go before the head of the queue while that waits for blocks. */
class PassingTest {
    private static final int BLOCK = Plain.BLOCK;

    private final BlockPool pool = new BlockPool(32);
    private final Scheduler<Plain> scheduler = new Scheduler<>(pool, new ScheduleSettings(16, 128, BLOCK));
    private final List<String> started = new ArrayList<>();

    @AfterEach
    void everyBlockIsHeldByThoseWhoReferToIt() {
        scheduler.checkIntegrity();
    }

    @Test
    void aSmallOnePassesAHeadThatWaitsForBlocks() {
        Plain holder = holding(20);
        Plain big = enqueue("big", Goal.PREFILL, 16);
        Plain small = enqueue("small", Goal.PREFILL, 4);
        step();
        assertThat(started).containsExactly("holder", "small");
        scheduler.release(small);
        scheduler.release(holder);
        step();
        assertThat(big.phase()).isEqualTo(Phase.HOLDING);
    }

    @Test
    void oneThatIsNotMuchSmallerDoesNot() {
        Plain holder = holding(20);
        enqueue("big", Goal.PREFILL, 16);
        enqueue("middling", Goal.PREFILL, 5);
        step();
        assertThat(started).containsExactly("holder");
        scheduler.release(holder);
        step();
        assertThat(started).containsExactly("holder", "big", "middling");
    }

    @Test
    void noMoreThanFourPassSoThatTheHeadDoesNotStarve() {
        Plain holder = holding(20);
        enqueue("big", Goal.PREFILL, 16);
        List<Plain> smalls = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            smalls.add(enqueue("small" + i, Goal.PREFILL, 1));
            step();
            smalls.stream().filter(small -> small.phase() == Phase.HOLDING).forEach(scheduler::release);
        }
        assertThat(started).containsExactly("holder", "small0", "small1", "small2", "small3");
        scheduler.release(holder);
        step();
        assertThat(started.get(5)).isEqualTo("big");
    }

    @Test
    void aHandoffPassesOneThatWaitsForBlocksForItsKv() {
        Plain holder = enqueue("holder", Goal.DECODE, 20);
        scheduler.plan();
        Plain big = enqueue("big", Goal.DECODE, 16);
        Plain small = enqueue("small", Goal.DECODE, 4);
        assertThat(scheduler.reserveWaiting()).containsExactly(small);
        scheduler.end(holder);
        scheduler.release(holder);
        assertThat(scheduler.reserveWaiting()).containsExactly(big);
        scheduler.end(big);
        scheduler.end(small);
    }

    private Plain holding(int blocks) {
        Plain holder = enqueue("holder", Goal.PREFILL, blocks);
        step();
        assertThat(holder.phase()).as("fault not applied").isEqualTo(Phase.HOLDING);
        return holder;
    }

    private Plain enqueue(String name, Goal goal, int blocks) {
        Plain sequence = Plain.of(name, goal, blocks * BLOCK, new Terms(0, Long.MAX_VALUE, "", 1));
        scheduler.enqueue(sequence);
        return sequence;
    }

    private void step() {
        StepPlan<Plain> plan = scheduler.plan();
        plan.started().forEach(sequence -> started.add(sequence.name));
        plan.chunks().forEach(chunk -> {
            scheduler.computed(chunk);
            if (chunk.last()) {
                scheduler.append(chunk.sequence(), 1);
            }
        });
    }
}
