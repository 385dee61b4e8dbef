package dev.baton.engine.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.engine.schedule.Sequence.Terms;
import dev.baton.engine.schedule.StepPlan.Chunk;
import dev.baton.kv.BlockPool;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Payers who always have something waiting, in steps instead of time. */
class FairShareTest {
    private static final int STEPS = 6_000;

    private final BlockPool pool = new BlockPool(64);
    private final Scheduler<Plain> scheduler = new Scheduler<>(pool, new ScheduleSettings(2, 12, Plain.BLOCK));
    private final Map<String, Integer> rows = new HashMap<>();
    private final Map<Plain, Integer> ends = new LinkedHashMap<>();
    private int made;

    /** What a tenant asks for again and again. */
    private record Habit(String tenant, int prompt, int answer, boolean samePrompt, int weight) {
        Habit(String tenant, int prompt, int answer, boolean samePrompt) {
            this(tenant, prompt, answer, samePrompt, 1);
        }
    }

    @Test
    void aPayerOfLongAnswersGetsAsManyRowsAsOneOfShortAnswers() {
        run(List.of(new Habit("talker", 4, 40, false), new Habit("asker", 4, 2, false)), STEPS);
        assertThat(share("talker")).isEqualTo(0.5, within(0.05));
    }

    @Test
    void whatIsFoundInTheCacheIsNotPaidFor() {
        run(List.of(new Habit("again", 41, 2, true), new Habit("anew", 41, 2, false)), STEPS);
        assertThat(share("again")).as("of rows that were computed").isEqualTo(0.5, within(0.05));
    }

    @Test
    void longAnswersThatWereQueuedBeforeDoNotComeFirst() {
        Habit talker = new Habit("talker", 4, 40, false);
        for (int i = 0; i < 20; i++) {
            enqueue(talker);
        }
        Habit asker = new Habit("asker", 4, 2, false);
        run(List.of(talker, asker), STEPS);
        assertThat(share("talker")).isEqualTo(0.5, within(0.05));
    }

    @Test
    void whoWasAwaySavesNothingUpAndWhoWorkedAloneOwesNothing() {
        Habit first = new Habit("first", 4, 10, false);
        Habit second = new Habit("second", 4, 10, false);
        run(List.of(first), STEPS);
        rows.clear();
        run(List.of(first, second), STEPS);
        assertThat(share("second")).isEqualTo(0.5, within(0.05));
    }

    @Test
    void aPayerOfThreeTimesTheWeightGetsThreeTimesTheRows() {
        run(List.of(new Habit("gold", 4, 10, false, 3), new Habit("plain", 4, 10, false, 1)), STEPS);
        assertThat(share("gold")).isEqualTo(0.75, within(0.05));
    }

    @Test
    void aTokenOfAnAnswerCountsAsWhatItCosts() {
        scheduler.tokenCosts(9);
        run(List.of(new Habit("talker", 2, 18, false), new Habit("asker", 18, 2, false)), STEPS);
        // The first token of an answer comes with its prompt: 2 + 17 * 9 against 18 + 9.
        double answers = rows.getOrDefault("asker", 0) / 19.0 * 27;
        double talk = rows.getOrDefault("talker", 0) / 19.0 * 155;
        assertThat(answers / (answers + talk)).isEqualTo(0.5, within(0.05));
    }

    private void run(List<Habit> habits, int steps) {
        for (int step = 0; step < steps; step++) {
            for (Habit habit : habits) {
                long waiting = ends.keySet().stream()
                        .filter(sequence -> sequence.terms().tenant().equals(habit.tenant()))
                        .filter(sequence -> sequence.phase() == Phase.QUEUED)
                        .count();
                for (; waiting < 3; waiting++) {
                    enqueue(habit);
                }
            }
            StepPlan<Plain> plan = scheduler.plan();
            for (Chunk<Plain> chunk : plan.chunks()) {
                rows.merge((String) chunk.sequence().terms().tenant(), chunk.rows(), Integer::sum);
                scheduler.computed(chunk);
                if (chunk.last()) {
                    scheduler.append(chunk.sequence(), made);
                }
            }
            for (Plain sequence : new ArrayList<>(ends.keySet())) {
                if (sequence.length() >= ends.getOrDefault(sequence, 0)) {
                    scheduler.end(sequence);
                    ends.remove(sequence);
                }
            }
        }
        scheduler.checkIntegrity();
    }

    private void enqueue(Habit habit) {
        String name = habit.samePrompt() ? habit.tenant() : habit.tenant() + made++;
        Plain sequence = Plain.of(
                name,
                Goal.PREFILL_AND_DECODE,
                habit.prompt(),
                new Terms(0, Long.MAX_VALUE, habit.tenant(), habit.weight()));
        ends.put(sequence, habit.prompt() + habit.answer());
        scheduler.enqueue(sequence);
    }

    private double share(String tenant) {
        int all = rows.values().stream().mapToInt(Integer::intValue).sum();
        return (double) rows.getOrDefault(tenant, 0) / all;
    }
}
