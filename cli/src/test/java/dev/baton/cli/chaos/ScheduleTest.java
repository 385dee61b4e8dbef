package dev.baton.cli.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cli.chaos.faults.FaultKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ScheduleTest {
    private static final List<FaultKind> ALL = List.of(FaultKind.values());

    private static List<Schedule.Step> steps(long seed, double pairs, int count) {
        Schedule schedule = new Schedule(seed, ALL, pairs);
        return Stream.generate(schedule::next).limit(count).toList();
    }

    @Test
    void isTheSameForTheSameSeedOnly() {
        assertThat(steps(7, 0.5, 100)).isEqualTo(steps(7, 0.5, 100)).isNotEqualTo(steps(8, 0.5, 100));
    }

    @Test
    void bringsEachKindOnceBeforeAnyComesAgain() {
        List<FaultKind> kinds = new ArrayList<>();
        steps(3, 0, 2 * ALL.size()).forEach(step -> kinds.addAll(step.kinds()));
        assertThat(kinds.subList(0, ALL.size())).containsExactlyInAnyOrderElementsOf(ALL);
        assertThat(kinds.subList(ALL.size(), kinds.size())).containsExactlyInAnyOrderElementsOf(ALL);
    }

    @Test
    void strikesTwoDifferentPartsAtOnce() {
        List<Schedule.Step> pairs = steps(3, 1, 500).stream()
                .filter(step -> step.kinds().size() == 2)
                .toList();
        assertThat(pairs)
                .hasSizeGreaterThan(300)
                .allSatisfy(step ->
                        assertThat(step.kinds()).extracting(FaultKind::part).doesNotHaveDuplicates())
                .allSatisfy(step -> assertThat(step.kinds()).noneMatch(FaultKind::alone));
    }

    @Test
    void holdsForShortAndForLongTimes() {
        List<Duration> holds =
                steps(3, 0, 500).stream().map(Schedule.Step::hold).sorted().toList();
        assertThat(holds.getFirst()).isBetween(Duration.ofMillis(150), Duration.ofMillis(160));
        assertThat(holds.getLast()).isBetween(Duration.ofMillis(2_900), Duration.ofMillis(3_000));
        assertThat(holds.get(250)).isBetween(Duration.ofMillis(500), Duration.ofMillis(900));
    }
}
