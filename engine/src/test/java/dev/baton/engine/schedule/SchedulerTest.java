package dev.baton.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.schedule.Sequence.Terms;
import dev.baton.engine.schedule.StepPlan.Chunk;
import dev.baton.kv.BlockPool;
import dev.baton.kv.BlockState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulerTest {
    private static final int BLOCK = Plain.BLOCK;
    private static final long NEVER = Long.MAX_VALUE;

    private BlockPool pool = new BlockPool(32);
    private Scheduler<Plain> scheduler = new Scheduler<>(pool, new ScheduleSettings(8, 16, BLOCK));

    @AfterEach
    void everyBlockIsHeldByThoseWhoReferToIt() {
        scheduler.checkIntegrity();
    }

    @Test
    void aLongPromptIsComputedInChunksThatEndOnBlockBoundaries() {
        enqueue("long", Goal.PREFILL_AND_DECODE, 39, 0);
        assertThat(chunks(scheduler.plan())).containsExactly("long[0,16)");
        computeAll(scheduler.plan());
        assertThat(chunks(scheduler.plan())).containsExactly("long[16,32)");
    }

    @Test
    void decodingSequencesGetTheirRowBeforeAnyPromptDoes() {
        Plain running = enqueue("running", Goal.PREFILL_AND_DECODE, 3, 0);
        step();
        enqueue("long", Goal.PREFILL_AND_DECODE, 39, 5);
        StepPlan<Plain> plan = scheduler.plan();
        assertThat(chunks(plan)).containsExactly("running[3,4)", "long[0,12)");
        assertThat(running.phase()).isEqualTo(Phase.DECODING);
    }

    @Test
    void roomThatOnePromptLeavesGoesToTheNext() {
        enqueue("short", Goal.PREFILL_AND_DECODE, 6, 0);
        enqueue("next", Goal.PREFILL_AND_DECODE, 30, 0);
        assertThat(chunks(scheduler.plan())).containsExactly("short[0,6)", "next[0,8)");
    }

    @Test
    void aHigherPriorityGoesFirstEvenBeforeAPromptUnderWay() {
        enqueue("long", Goal.PREFILL_AND_DECODE, 60, 0);
        step();
        enqueue("urgent", Goal.PREFILL_AND_DECODE, 10, 1);
        assertThat(chunks(scheduler.plan())).containsExactly("urgent[0,10)", "long[16,20)");
    }

    @Test
    void aHigherPriorityDoesNotGoBeforeAPromptOfAnotherTenant() {
        enqueue("long", Goal.PREFILL_AND_DECODE, 60, terms(0, NEVER, "a"));
        step();
        enqueue("urgent", Goal.PREFILL_AND_DECODE, 10, terms(10, NEVER, "b"));
        enqueue("quiet", Goal.PREFILL_AND_DECODE, 10, terms(0, NEVER, "c"));
        enqueue("loud", Goal.PREFILL_AND_DECODE, 10, terms(10, NEVER, "d"));
        List<String> order = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            step().started().forEach(started -> order.add(started.name));
        }
        assertThat(order).containsExactly("urgent", "quiet", "loud");
    }

    @Test
    void aHigherPriorityPreemptsItsOwnTenantOnly() {
        pool = new BlockPool(8);
        scheduler = new Scheduler<>(pool, new ScheduleSettings(5, 200, BLOCK));
        Plain own = enqueue("own", Goal.PREFILL_AND_DECODE, 3 * BLOCK, terms(0, NEVER, "a"));
        Plain other = enqueue("other", Goal.PREFILL_AND_DECODE, 3 * BLOCK, terms(0, NEVER, "b"));
        step();
        Plain urgent = enqueue("urgent", Goal.PREFILL_AND_DECODE, 3 * BLOCK, terms(10, NEVER, "a"));
        StepPlan<Plain> plan = step();
        assertThat(plan.preempted()).contains(own).doesNotContain(other, urgent);
        scheduler.end(own);
        scheduler.end(urgent);
        enqueue("stranger", Goal.PREFILL_AND_DECODE, 7 * BLOCK, terms(10, NEVER, "c"));
        assertThat(step().preempted()).isEmpty();
    }

    @Test
    void tenantsTakeTurnsWhateverOneOfThemQueued() {
        for (int i = 0; i < 4; i++) {
            enqueue("greedy" + i, Goal.PREFILL_AND_DECODE, 16, terms(0, NEVER, "greedy"));
        }
        enqueue("modest", Goal.PREFILL_AND_DECODE, 16, terms(0, NEVER, "modest"));
        assertThat(chunks(scheduler.plan())).containsExactly("greedy0[0,16)");
        computeAll(scheduler.plan());
        List<String> order = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            StepPlan<Plain> plan = step();
            plan.started().forEach(started -> order.add(started.name));
        }
        assertThat(order).containsExactly("modest", "greedy1");
    }

    @Test
    void aCachedPrefixIsNotComputedAgainButTheLastTokenAlwaysIs() {
        Plain first = enqueue("same", Goal.PREFILL, 12, 0);
        step();
        scheduler.release(first);
        Plain second = enqueue("same", Goal.PREFILL_AND_DECODE, 12, 0);
        assertThat(chunks(scheduler.plan())).containsExactly("same[8,12)");
        assertThat(second.cachedTokens()).isEqualTo(8);
        assertThat(second.table().toArray()).hasSize(3);
    }

    @Test
    void theLowestRankedIsPreemptedWhenBlocksRunOutAndGoesOnLater() {
        pool = new BlockPool(4);
        scheduler = new Scheduler<>(pool, new ScheduleSettings(4, 16, BLOCK));
        Plain first = new Plain("first", Goal.PREFILL_AND_DECODE, new int[] {1, 2, 3, 4, 5, 6, 7}, terms(0, NEVER, ""));
        Plain second =
                new Plain("second", Goal.PREFILL_AND_DECODE, new int[] {9, 8, 7, 6, 5, 4, 3}, terms(0, NEVER, ""));
        scheduler.enqueue(first);
        scheduler.enqueue(second);
        List<String> preempted = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            step().preempted().forEach(sequence -> preempted.add(sequence.name));
        }
        assertThat(preempted).containsExactly("second");
        assertThat(second.phase()).isEqualTo(Phase.QUEUED);
        scheduler.end(first);
        step();
        assertThat(second.phase()).isEqualTo(Phase.DECODING);
        assertThat(second.computed()).isEqualTo(second.length() - 1);
    }

    @Test
    void aSequenceThatTheWholePoolCannotHoldIsStuckAndNotPreemptedForEver() {
        pool = new BlockPool(2);
        scheduler = new Scheduler<>(pool, new ScheduleSettings(4, 16, BLOCK));
        Plain only = enqueue("only", Goal.PREFILL_AND_DECODE, 8, 0);
        assertThat(scheduler.fits(only)).isFalse();
        step();
        assertThat(scheduler.plan().stuck()).containsExactly(only);
        scheduler.end(only);
    }

    @Test
    void reservedSequencesWaitForTheirKvAndThenDecode() {
        Plain sequence = enqueue("a", Goal.DECODE, 9, 0);
        StepPlan<Plain> plan = scheduler.plan();
        assertThat(plan.reserved()).containsExactly(sequence);
        assertThat(plan.isEmpty()).isTrue();
        assertThat(pool.count(BlockState.RESERVED)).isEqualTo(3);
        scheduler.arrived(sequence, 77);
        assertThat(chunks(scheduler.plan())).containsExactly("a[9,10)");
        assertThatThrownBy(() -> scheduler.arrived(sequence, 77)).hasMessageContaining("DECODING, not RESERVED");
    }

    @Test
    void noMoreSequencesRunOrWaitForKvThanTheBatchHolds() {
        for (int i = 0; i < 20; i++) {
            enqueue("r" + i, i % 2 == 0 ? Goal.DECODE : Goal.PREFILL_AND_DECODE, 3, 0);
        }
        for (int i = 0; i < 5; i++) {
            step();
        }
        assertThat(scheduler.running()).isEqualTo(4);
        assertThat(scheduler.queued()).isEqualTo(12);
    }

    @Test
    void expiredSequencesAreNamedOnceAtTheirTime() {
        Plain late = enqueue("late", Goal.PREFILL_AND_DECODE, 4, terms(0, 500, ""));
        Plain early = enqueue("early", Goal.PREFILL_AND_DECODE, 4, terms(0, 200, ""));
        assertThat(scheduler.nextExpiry()).isEqualTo(200);
        assertThat(scheduler.takeExpired(199)).isEmpty();
        assertThat(scheduler.takeExpired(200)).containsExactly(early);
        assertThat(scheduler.takeExpired(300)).isEmpty();
        scheduler.end(early);
        scheduler.end(late);
        assertThat(scheduler.nextExpiry()).isEqualTo(NEVER);
    }

    @Test
    void settingsThatWouldStarvePromptsAreRefused() {
        assertThatThrownBy(() -> new ScheduleSettings(64, 100, 64)).hasMessageContaining("at least");
    }

    /** Whatever comes and goes, budgets hold, decoding sequences run in every step, and everybody ends. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void anyTrafficKeepsTheBudgetsAndComesToAnEnd(long seed) {
        Random random = new Random(seed);
        pool = new BlockPool(12);
        scheduler = new Scheduler<>(pool, new ScheduleSettings(5, 14, BLOCK));
        List<Plain> alive = new ArrayList<>();
        int preemptions = 0;
        for (int step = 0; step < 4_000; step++) {
            if (step < 3_000 && random.nextInt(3) == 0 && alive.size() < 30) {
                alive.add(randomSequence(random, step));
            }
            StepPlan<Plain> plan = scheduler.plan();
            checkPlan(plan);
            preemptions += plan.preempted().size();
            plan.stuck().forEach(scheduler::end);
            for (Chunk<Plain> chunk : plan.chunks()) {
                scheduler.computed(chunk);
                if (chunk.last()) {
                    scheduler.append(chunk.sequence(), random.nextInt(3));
                }
            }
            for (Plain sequence : List.copyOf(alive)) {
                actFromOutside(sequence, random, step >= 3_000);
            }
            alive.removeIf(sequence -> sequence.phase() == Phase.ENDED);
            scheduler.checkIntegrity();
        }
        assertThat(alive).isEmpty();
        assertThat(pool.available()).isEqualTo(12);
        assertThat(preemptions).isPositive();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void tenantsAndPrioritiesTogetherLetEverySequenceComeToItsEndInATightPool(long seed) {
        Random random = new Random(seed);
        pool = new BlockPool(12);
        scheduler = new Scheduler<>(pool, new ScheduleSettings(5, 14, BLOCK));
        Map<Plain, Integer> ends = new LinkedHashMap<>();
        for (int i = 0; i < 80; i++) {
            Terms terms = terms(10 * random.nextInt(-1, 2), NEVER, "tenant" + random.nextInt(4));
            Plain sequence = enqueue("s" + i, Goal.PREFILL_AND_DECODE, 1 + random.nextInt(30), terms);
            ends.put(sequence, sequence.length() + 1 + random.nextInt(16));
        }
        int preemptions = 0;
        for (int steps = 0; !ends.isEmpty(); steps++) {
            assertThat(steps).isLessThan(5_000);
            StepPlan<Plain> plan = step();
            assertThat(plan.chunks()).as("a step without progress").isNotEmpty();
            preemptions += plan.preempted().size();
            for (Plain sequence : List.copyOf(ends.keySet())) {
                if (sequence.length() >= ends.getOrDefault(sequence, 0)) {
                    scheduler.end(sequence);
                    ends.remove(sequence);
                }
            }
            scheduler.checkIntegrity();
        }
        assertThat(preemptions).isPositive();
    }

    /** No sequence is stalled or preempted for ever; who came first, with one tenant and one priority, starts first. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void leftAloneEverySequenceComesToItsEndInATightPool(long seed) {
        Random random = new Random(seed);
        pool = new BlockPool(12);
        scheduler = new Scheduler<>(pool, new ScheduleSettings(5, 14, BLOCK));
        Map<Plain, Integer> ends = new LinkedHashMap<>();
        for (int i = 0; i < 60; i++) {
            Plain sequence = enqueue("s" + i, Goal.PREFILL_AND_DECODE, 1 + random.nextInt(30), 0);
            ends.put(sequence, sequence.length() + 1 + random.nextInt(16));
        }
        // Of those that wait here none has more than eight blocks, so nothing of more than two passes another.
        List<Plain> tooLargeToPass = ends.keySet().stream()
                .filter(sequence -> sequence.length() > 2 * BLOCK)
                .toList();
        Set<Plain> started = new LinkedHashSet<>();
        int preemptions = 0;
        for (int steps = 0; !ends.isEmpty(); steps++) {
            assertThat(steps).isLessThan(5_000);
            StepPlan<Plain> plan = step();
            assertThat(plan.chunks()).as("a step without progress").isNotEmpty();
            assertThat(plan.stuck()).isEmpty();
            started.addAll(plan.started());
            preemptions += plan.preempted().size();
            ends.entrySet().removeIf(entry -> {
                boolean over = entry.getKey().length() >= entry.getValue();
                if (over) {
                    scheduler.end(entry.getKey());
                }
                return over;
            });
            scheduler.checkIntegrity();
        }
        assertThat(started).hasSize(60);
        started.retainAll(tooLargeToPass);
        assertThat(started).containsExactlyElementsOf(tooLargeToPass);
        assertThat(preemptions).isPositive();
    }

    private Plain randomSequence(Random random, int step) {
        Goal goal = Goal.values()[random.nextInt(Goal.values().length)];
        int[] tokens = random.ints(1 + random.nextInt(24), 0, 3).toArray();
        Plain sequence =
                new Plain("s" + step, goal, tokens, terms(random.nextInt(2), NEVER, "tenant" + random.nextInt(3)));
        scheduler.enqueue(sequence);
        return sequence;
    }

    private void actFromOutside(Plain sequence, Random random, boolean drain) {
        int dice = random.nextInt(drain ? 8 : 40);
        switch (sequence.phase()) {
            case RESERVED -> {
                if (dice < 2 || dice < 4 && sequence.goal().handsOver()) {
                    scheduler.arrivedInPart(sequence, random.nextInt(sequence.length() + 1));
                } else if (dice < 4) {
                    scheduler.arrived(sequence, 1);
                } else if (dice == 5) {
                    scheduler.end(sequence);
                }
            }
            case HOLDING, QUARANTINED -> {
                if (dice < 4) {
                    scheduler.release(sequence);
                }
            }
            case DECODING, PREFILLING, QUEUED -> {
                if (dice == 0) {
                    scheduler.end(sequence);
                }
            }
            case ENDED -> {}
        }
    }

    private void checkPlan(StepPlan<Plain> plan) {
        assertThat(plan.chunks().stream().mapToInt(Chunk::rows).sum()).isLessThanOrEqualTo(14);
        for (Chunk<Plain> chunk : plan.chunks()) {
            assertThat(chunk.rows()).isPositive();
            assertThat(chunk.last() || chunk.to() % BLOCK == 0).isTrue();
            assertThat(chunk.from()).isEqualTo(chunk.sequence().computed());
            assertThat(chunk.sequence().table().capacity()).isGreaterThanOrEqualTo(chunk.to());
        }
        long rows = plan.chunks().stream()
                .filter(chunk -> chunk.sequence().phase() == Phase.DECODING)
                .peek(chunk -> assertThat(chunk.rows()).isEqualTo(1))
                .count();
        assertThat(rows + plan.stuck().size()).isEqualTo(scheduler.decoding());
    }

    private StepPlan<Plain> step() {
        StepPlan<Plain> plan = scheduler.plan();
        computeAll(plan);
        return plan;
    }

    private void computeAll(StepPlan<Plain> plan) {
        for (Chunk<Plain> chunk : plan.chunks()) {
            scheduler.computed(chunk);
            if (chunk.last()) {
                scheduler.append(chunk.sequence(), 50);
            }
        }
    }

    private Plain enqueue(String name, Goal goal, int length, int priority) {
        return enqueue(name, goal, length, terms(priority, NEVER, ""));
    }

    private Plain enqueue(String name, Goal goal, int length, Terms terms) {
        Plain sequence = Plain.of(name, goal, length, terms);
        scheduler.enqueue(sequence);
        return sequence;
    }

    private static Terms terms(int priority, long deadline, String tenant) {
        return new Terms(priority, deadline, tenant, 1);
    }

    private static List<String> chunks(StepPlan<Plain> plan) {
        return plan.chunks().stream()
                .map(chunk -> "%s[%d,%d)".formatted(chunk.sequence(), chunk.from(), chunk.to()))
                .toList();
    }
}
