package dev.baton.engine.draft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.draft.DraftPlanner.Draft;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DraftingTest {
    private static final int TOKENS = 1_000;

    private static RowCosts costs(double row) {
        RowCosts costs = new RowCosts();
        for (int rows = 1; rows <= 16; rows++) {
            costs.measured(rows, (long) (1e6 * (1 + row * (rows - 1))));
        }
        return costs;
    }

    /** Steps that a sequence's tokens take, in those without guesses, when each guess is right with that chance. */
    private static double steps(RowCosts costs, int rightOf, int outOf) {
        Drafting drafting = new Drafting();
        double steps = 0;
        int draws = 0;
        for (int tokens = 0; tokens < TOKENS; tokens++) {
            int guesses = drafting.worthwhile(7, 1, costs);
            double slower = costs.slowdown(1, 1 + guesses);
            int accepted = 0;
            while (accepted < guesses && draws++ % outOf < rightOf) {
                accepted++;
            }
            steps += slower;
            tokens += accepted;
            if (guesses == 0) {
                drafting.plain();
            } else {
                drafting.guessed(guesses, accepted, slower);
            }
        }
        return steps;
    }

    @Test
    void wrongGuessesCostNoMoreThanThreeOfAHundredWhateverRowsCost() {
        for (double row : new double[] {0.001, 0.01, 0.05, 0.2, 1}) {
            assertThat(steps(costs(row), 0, 1)).as("a row costs %s", row).isLessThan(TOKENS * 1.03);
            assertThat(steps(costs(row), 1, 5)).as("a row costs %s", row).isLessThan(TOKENS * 1.03);
        }
    }

    @Test
    void nobodyInABatchLosesMuchByWrongGuesses() {
        for (double row : new double[] {0.001, 0.01, 0.05, 0.2}) {
            for (int prompts = 0; prompts <= 1; prompts++) {
                RowCosts costs = costs(row);
                List<Drafting> batch = Stream.generate(Drafting::new).limit(4).toList();
                int rows = batch.size() + prompts;
                double steps = 0;
                for (int step = 0; step < TOKENS; step++) {
                    List<Draft> drafts = new ArrayList<>();
                    int with = rows;
                    for (int at = 0; at < batch.size(); at++) {
                        Drafting own = batch.get(at);
                        int guesses = own.worthwhile(7, with, costs);
                        if (guesses > 0) {
                            drafts.add(new Draft(at, new int[guesses], own.expected(guesses), own.credit()));
                            with += guesses;
                        }
                    }
                    DraftPlanner.leaveOutTheDear(drafts, rows, rows, costs);
                    int made = drafts.stream()
                            .mapToInt(draft -> draft.guesses().length)
                            .sum();
                    double slower = costs.slowdown(rows, rows + made);
                    if (drafts.size() < rows) {
                        assertThat(slower).as("with a bystander").isLessThanOrEqualTo(1.03);
                    }
                    steps += slower;
                    batch.forEach(own -> {
                        if (drafts.stream().noneMatch(draft -> batch.get(draft.at()) == own)) {
                            own.plain();
                        }
                    });
                    drafts.forEach(draft -> batch.get(draft.at()).guessed(draft.guesses().length, 0, slower));
                }
                assertThat(steps).as("a row costs %s, %s prompts", row, prompts).isLessThan(TOKENS * 1.03);
            }
        }
    }

    @Test
    void stepsBeyondTheTableTakeLongerByTheirRows() {
        assertThat(costs(0.03).slowdown(600, 900)).isBetween(1.499, 1.501);
    }

    @Test
    void rightGuessesPay() {
        assertThat(steps(costs(0.03), 1, 1)).isLessThan(TOKENS / 4.0);
        assertThat(steps(costs(0.03), 4, 5)).isLessThan(TOKENS / 1.8);
    }

    @Test
    void whatWasNotMeasuredIsEstimatedFromWhatWas() {
        RowCosts costs = new RowCosts();
        assertThat(costs.slowdown(1, 8)).isBetween(1.1, 1.5);
        costs.measured(1, 1_000);
        costs.measured(9, 2_000);
        assertThat(costs.slowdown(1, 5)).isEqualTo(1.5);
        assertThat(costs.slowdown(1, 9)).isEqualTo(2);
        assertThat(costs.slowdown(9, 10)).isGreaterThan(1);
        costs.measured(1, 1_000_000);
        assertThat(costs.slowdown(1, 9)).as("one disturbed step").isGreaterThan(1.7);
    }
}
