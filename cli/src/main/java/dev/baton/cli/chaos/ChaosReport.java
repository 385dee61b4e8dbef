package dev.baton.cli.chaos;

import dev.baton.cli.chaos.faults.FaultKind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What the clients of a run felt.
 *
 * @param unsettled counts of workers that are not back where they were, in words
 * @param missing kinds that could not strike on this machine, and why
 */
record ChaosReport(
        long seed,
        List<Answer> answers,
        List<Strikes.Strike> strikes,
        List<String> unsettled,
        Map<FaultKind, String> missing) {
    /** Whether any promise was broken. A gateway's death ends its streams, but for those that go on elsewhere. */
    boolean broken() {
        return answers.stream().anyMatch(answer -> answer.verdict() != Answer.Verdict.SAME && !promisedAway(answer))
                || !unsettled.isEmpty();
    }

    private boolean promisedAway(Answer answer) {
        if (answer.resumes()) {
            return answer.forgotten()
                    && during(answer)
                            .anyMatch(strike -> strike.kinds().contains(FaultKind.KILL_GATEWAY)
                                    && strike.kinds().stream().anyMatch(ChaosReport::empties));
        }
        return answer.verdict() == Answer.Verdict.CUT
                && during(answer).anyMatch(strike -> strike.kinds().contains(FaultKind.KILL_GATEWAY));
    }

    private Stream<Strikes.Strike> during(Answer answer) {
        return strikes.stream().filter(strike -> answer.stream().underWayBetween(strike.begun(), strike.healed()));
    }

    /** Redis knows nothing afterwards. */
    private static boolean empties(FaultKind kind) {
        return kind == FaultKind.EMPTY_REDIS || kind == FaultKind.KILL_REDIS;
    }

    /** The same in figures. */
    ChaosTally tally() {
        ChaosTally tally = new ChaosTally();
        tally.seed(seed);
        for (Answer answer : answers) {
            tally.answer(answer.verdict(), answer.stream().struck(), answer.refusals());
            tally.recoveries(answer.stream().recoveries());
            if (answer.resumes()) {
                tally.resumable(answer.breaks() > 0);
            }
        }
        for (int i = 0; i < strikes.size(); i++) {
            waits(strikes.get(i), i + 1 < strikes.size() ? strikes.get(i + 1).begun() : Long.MAX_VALUE, tally);
        }
        missing.forEach((kind, why) -> tally.missing(kind.label(), why));
        wrong().forEach(tally::wrong);
        return tally;
    }

    private void waits(Strikes.Strike strike, long next, ChaosTally tally) {
        ChaosTally.Waits waits = tally.strike(
                strike.label(), strike.kinds().stream().map(FaultKind::label).toList());
        for (Answer answer : answers) {
            if (answer.stream().underWayBetween(strike.begun(), strike.healed())) {
                waits.add(
                        answer.stream().struck(),
                        answer.stream().longestWaitBetween(strike.begun(), next),
                        Math.max(0, answer.stream().longestWaitBetween(strike.healed(), next)));
            }
        }
    }

    private List<String> wrong() {
        List<String> lines = new ArrayList<>();
        Map<String, Integer> failures = new LinkedHashMap<>();
        for (Answer answer : answers) {
            switch (answer.verdict()) {
                case FAILED, REFUSED, CUT ->
                    failures.merge(String.valueOf(answer.stream().failure()), 1, Integer::sum);
                case CHANGED, REPEATED, LOST ->
                    lines.add(answer.verdict() + " after " + answer.stream().pieces() + " pieces of "
                            + answer.undisturbed().pieces());
                case SAME -> {}
            }
        }
        failures.forEach((why, times) -> lines.add(times + " × " + why));
        unsettled.forEach(line -> lines.add("not back where it was: " + line));
        return lines;
    }
}
