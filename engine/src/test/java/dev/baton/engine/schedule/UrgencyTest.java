package dev.baton.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.schedule.Sequence.Terms;
import dev.baton.engine.schedule.StepPlan.Chunk;
import dev.baton.kv.BlockPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The head of the queue may take the place of what runs with lower priority. */
class UrgencyTest {
    private BlockPool pool = new BlockPool(8);
    private Scheduler<Plain> scheduler = new Scheduler<>(pool, new ScheduleSettings(2, 40, Plain.BLOCK));

    @AfterEach
    void everyBlockIsHeldByThoseWhoReferToIt() {
        scheduler.checkIntegrity();
    }

    @Test
    void itTakesTheSlotOfTheLowestRankedOfLowerPriority() {
        Plain first = enqueue("first", Goal.PREFILL_AND_DECODE, 3, 0);
        Plain second = enqueue("second", Goal.PREFILL_AND_DECODE, 3, 0);
        step();
        Plain urgent = enqueue("urgent", Goal.PREFILL_AND_DECODE, 5, 1);
        StepPlan<Plain> plan = step();
        assertThat(plan.preempted()).containsExactly(second);
        assertThat(plan.started()).containsExactly(urgent);
        assertThat(plan.chunks()).extracting(Chunk::sequence).containsExactly(first, urgent);
        assertThat(second.phase()).isEqualTo(Phase.QUEUED);
        scheduler.end(urgent);
        step();
        assertThat(second.phase()).isEqualTo(Phase.DECODING);
    }

    @Test
    void itTakesBlocksOfAsFewAsItNeeds() {
        scheduler = new Scheduler<>(pool, new ScheduleSettings(4, 40, Plain.BLOCK));
        Plain large = enqueue("large", Goal.PREFILL_AND_DECODE, 13, 0);
        Plain small = enqueue("small", Goal.PREFILL_AND_DECODE, 7, 0);
        step();
        Plain urgent = enqueue("urgent", Goal.PREFILL_AND_DECODE, 9, 2);
        assertThat(step().preempted()).containsExactly(small);
        assertThat(urgent.phase()).isEqualTo(Phase.DECODING);
        assertThat(large.phase()).isEqualTo(Phase.DECODING);
    }

    @Test
    void workForLaterOfAnyTenantGivesUpItsSlot() {
        Plain first = enqueue("first", Goal.PREFILL_AND_DECODE, 3, -10, "batch");
        enqueue("second", Goal.PREFILL_AND_DECODE, 3, 0, "chat");
        step();
        Plain third = enqueue("third", Goal.PREFILL_AND_DECODE, 5, 0, "other");
        StepPlan<Plain> plan = step();
        assertThat(plan.preempted()).containsExactly(first);
        assertThat(plan.started()).containsExactly(third);
        enqueue("fourth", Goal.PREFILL_AND_DECODE, 5, -10, "chat");
        assertThat(step().preempted())
                .as("for work for later nobody gives up anything")
                .isEmpty();
    }

    @Test
    void answersForLaterStandBackWhileAPromptIsComputedButNotForEver() {
        scheduler = new Scheduler<>(new BlockPool(64), new ScheduleSettings(3, 8, Plain.BLOCK));
        Plain batch = enqueue("batch", Goal.PREFILL_AND_DECODE, 3, -10, "batch");
        Plain chat = enqueue("chat", Goal.PREFILL_AND_DECODE, 3, 0, "chat");
        step();
        enqueue("long", Goal.PREFILL_AND_DECODE, 120, 0, "chat");
        int steps = 0;
        int stood = 0;
        while (steps < 17) {
            StepPlan<Plain> plan = step();
            steps++;
            assertThat(plan.chunks()).extracting(Chunk::sequence).contains(chat);
            stood += plan.chunks().stream().noneMatch(chunk -> chunk.sequence() == batch) ? 1 : 0;
        }
        assertThat(stood).isBetween(14, 16);
        assertThat(step().chunks()).extracting(Chunk::sequence).contains(chat);
    }

    @Test
    void answersForLaterGoOnWhereAPromptWaitsForBlocks() {
        Plain held = enqueue("held", Goal.PREFILL, 20, 0, "chat");
        step();
        Plain batch = enqueue("batch", Goal.PREFILL_AND_DECODE, 3, -10, "batch");
        step();
        Plain large = enqueue("large", Goal.PREFILL_AND_DECODE, 16, 0, "chat");
        assertThat(step().chunks()).extracting(Chunk::sequence).containsExactly(batch);
        assertThat(large.phase()).isEqualTo(Phase.QUEUED);
        scheduler.release(held);
    }

    @Test
    void answersForLaterGrowWhereAPromptWaitsForBlocks() {
        Plain held = enqueue("held", Goal.PREFILL, 20, 0, "chat");
        step();
        Plain batch = enqueue("batch", Goal.PREFILL_AND_DECODE, 3, -10, "batch");
        step();
        enqueue("large", Goal.PREFILL_AND_DECODE, 16, 0, "chat");
        for (int token = 0; token < 8; token++) {
            assertThat(step().chunks())
                    .as("token %d", token)
                    .extracting(Chunk::sequence)
                    .containsExactly(batch);
        }
        scheduler.release(held);
    }

    @Test
    void workForLaterIsCountedApart() {
        enqueue("chat", Goal.PREFILL_AND_DECODE, 3, 0, "chat");
        enqueue("batch", Goal.PREFILL_AND_DECODE, 5, -10, "batch");
        assertThat(scheduler.forLater()).isEqualTo(1);
        assertThat(scheduler.uncomputedTokens()).isEqualTo(8);
        assertThat(scheduler.uncomputedTokensForLater()).isEqualTo(5);
        step();
        assertThat(scheduler.running()).isEqualTo(2);
        assertThat(scheduler.forLater()).isEqualTo(1);
        assertThat(scheduler.uncomputedTokensForLater()).isZero();
    }

    @Test
    void equalPriorityWaits() {
        enqueue("first", Goal.PREFILL_AND_DECODE, 3, 1);
        enqueue("second", Goal.PREFILL_AND_DECODE, 3, 1);
        step();
        Plain third = enqueue("third", Goal.PREFILL_AND_DECODE, 3, 1);
        assertThat(step().preempted()).isEmpty();
        assertThat(third.phase()).isEqualTo(Phase.QUEUED);
    }

    @Test
    void blocksThatOthersReadAreNotTaken() {
        Plain held = enqueue("held", Goal.PREFILL, 20, 0);
        step();
        assertThat(held.phase()).isEqualTo(Phase.HOLDING);
        Plain urgent = enqueue("urgent", Goal.PREFILL_AND_DECODE, 16, 1);
        assertThat(step().preempted()).isEmpty();
        assertThat(urgent.phase()).isEqualTo(Phase.QUEUED);
    }

    @Test
    void nobodyIsPreemptedWhenThatWouldNotMakeRoomEnough() {
        Plain held = enqueue("held", Goal.PREFILL, 20, 0);
        Plain small = enqueue("small", Goal.PREFILL_AND_DECODE, 3, 0);
        step();
        enqueue("urgent", Goal.PREFILL_AND_DECODE, 16, 1);
        StepPlan<Plain> plan = step();
        assertThat(plan.preempted()).isEmpty();
        assertThat(plan.chunks()).extracting(Chunk::sequence).containsExactly(small);
        scheduler.release(held);
    }

    @Test
    void oneWhoseKvIsStillToComeTakesAPlaceTooButNotBetweenTwoLayers() {
        enqueue("first", Goal.PREFILL_AND_DECODE, 3, 0);
        Plain second = enqueue("second", Goal.PREFILL_AND_DECODE, 3, 0);
        step();
        Plain urgent = enqueue("urgent", Goal.DECODE, 5, 1);
        assertThat(scheduler.reserveWaiting()).isEmpty();
        StepPlan<Plain> plan = step();
        assertThat(plan.preempted()).containsExactly(second);
        assertThat(plan.reserved()).containsExactly(urgent);
        scheduler.arrived(urgent, 7);
        step();
        assertThat(urgent.phase()).isEqualTo(Phase.DECODING);
    }

    private StepPlan<Plain> step() {
        StepPlan<Plain> plan = scheduler.plan();
        for (Chunk<Plain> chunk : plan.chunks()) {
            scheduler.computed(chunk);
            if (chunk.last()) {
                scheduler.append(chunk.sequence(), 50);
            }
        }
        return plan;
    }

    private Plain enqueue(String name, Goal goal, int length, int priority) {
        return enqueue(name, goal, length, priority, "");
    }

    private Plain enqueue(String name, Goal goal, int length, int priority, String tenant) {
        Plain sequence = Plain.of(name, goal, length, new Terms(priority, Long.MAX_VALUE, tenant, 1));
        scheduler.enqueue(sequence);
        return sequence;
    }
}
