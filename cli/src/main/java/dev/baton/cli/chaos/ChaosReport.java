package dev.baton.cli.chaos;

import dev.baton.cli.bench.Samples;
import dev.baton.cli.bench.Table;
import dev.baton.cli.chaos.faults.FaultKind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

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
    /** Waits of streams under way: from the fault on, and from its end on. */
    private static final class Waits {
        /** Of those that went on elsewhere. */
        private final Samples moved = new Samples();

        private final Samples bystanders = new Samples();
        private final Samples afterwards = new Samples();
        private int faults;
    }

    long count(Answer.Verdict verdict) {
        return answers.stream().filter(answer -> answer.verdict() == verdict).count();
    }

    /** Whether any promise was broken. A gateway's death ends its streams: that is not promised away. */
    boolean broken() {
        return answers.stream().anyMatch(answer -> answer.verdict() != Answer.Verdict.SAME && !cutByADeath(answer))
                || !unsettled.isEmpty();
    }

    private boolean cutByADeath(Answer answer) {
        return answer.verdict() == Answer.Verdict.CUT
                && strikes.stream()
                        .filter(strike -> strike.kinds().contains(FaultKind.KILL_GATEWAY))
                        .anyMatch(strike -> answer.stream().underWayBetween(strike.begun(), strike.healed()));
    }

    private Map<String, Waits> waits() {
        Map<String, Waits> byKind = new TreeMap<>();
        for (int i = 0; i < strikes.size(); i++) {
            Strikes.Strike strike = strikes.get(i);
            long next = i + 1 < strikes.size() ? strikes.get(i + 1).begun() : Long.MAX_VALUE;
            Waits waits = byKind.computeIfAbsent(strike.label(), label -> new Waits());
            waits.faults++;
            for (Answer answer : answers) {
                if (answer.stream().underWayBetween(strike.begun(), strike.healed())) {
                    Samples felt = answer.stream().struck() ? waits.moved : waits.bystanders;
                    felt.addNanos(answer.stream().longestWaitBetween(strike.begun(), next));
                    waits.afterwards.addNanos(Math.max(0, answer.stream().longestWaitBetween(strike.healed(), next)));
                }
            }
        }
        return byKind;
    }

    private RungTable rungs() {
        return new RungTable(answers.stream()
                .flatMap(answer -> answer.stream().recoveries().stream())
                .toList());
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

    String text() {
        Table table = new Table(
                "longest wait of each stream, ms",
                "times",
                "moved",
                "p50",
                "p99",
                "max",
                "bystanders",
                "p50",
                "p99",
                "max",
                "p99 after it",
                "max after it");
        waits().forEach((label, waits) -> table.row(
                label,
                Integer.toString(waits.faults),
                Long.toString(waits.moved.count()),
                Table.number(waits.moved.millis(50)),
                Table.number(waits.moved.millis(99)),
                Table.number(waits.moved.millis(100)),
                Long.toString(waits.bystanders.count()),
                Table.number(waits.bystanders.millis(50)),
                Table.number(waits.bystanders.millis(99)),
                Table.number(waits.bystanders.millis(100)),
                Table.number(waits.afterwards.millis(99)),
                Table.number(waits.afterwards.millis(100))));
        StringBuilder text = new StringBuilder(table.toString());
        text.append(rungs().text());
        wrong().forEach(line -> text.append(line).append('\n'));
        text.append("Faults: ").append(counted(byKind())).append('\n');
        missing.forEach((kind, why) -> text.append("Not available here: ")
                .append(kind.label())
                .append(", which ")
                .append(why)
                .append('\n'));
        return text.append(
                        "Seed %d: %d faults, %d answers, %d of them moved to another worker, %d refusals that were asked again: %d lost, %d repeated, %d changed, %d failed, %d refused for good; %d cut off as their gateway died."
                                .formatted(
                                        seed,
                                        strikes.stream()
                                                .mapToInt(
                                                        strike -> strike.kinds().size())
                                                .sum(),
                                        answers.size(),
                                        answers.stream()
                                                .filter(answer ->
                                                        answer.stream().struck())
                                                .count(),
                                        answers.stream()
                                                .mapToInt(Answer::refusals)
                                                .sum(),
                                        count(Answer.Verdict.LOST),
                                        count(Answer.Verdict.REPEATED),
                                        count(Answer.Verdict.CHANGED),
                                        count(Answer.Verdict.FAILED),
                                        count(Answer.Verdict.REFUSED),
                                        count(Answer.Verdict.CUT)))
                .toString();
    }

    /** Each fault by itself, whether it struck alone or beside another. */
    private Map<String, Long> byKind() {
        Map<String, Long> counts = new TreeMap<>();
        for (Strikes.Strike strike : strikes) {
            strike.kinds().forEach(kind -> counts.merge(kind.label(), 1L, Long::sum));
        }
        return counts;
    }

    private static String counted(Map<String, Long> counts) {
        return counts.entrySet().stream()
                .map(count -> count.getValue() + " " + count.getKey())
                .collect(Collectors.joining(", "));
    }

    String json() {
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("seed", seed).put("answers", answers.size());
        for (Answer.Verdict verdict : Answer.Verdict.values()) {
            root.put(verdict.name().toLowerCase(Locale.ROOT), count(verdict));
        }
        ObjectNode kinds = root.putObject("waits_ms");
        waits().forEach((label, waits) -> {
            ObjectNode kind = kinds.putObject(label);
            kind.put("times", waits.faults);
            waits.moved.writeTo(kind.putObject("moved"));
            waits.bystanders.writeTo(kind.putObject("bystanders"));
            waits.afterwards.writeTo(kind.putObject("afterwards"));
        });
        rungs().writeTo(root.putObject("recoveries"));
        ObjectNode faults = root.putObject("faults");
        byKind().forEach(faults::put);
        ObjectNode unavailable = root.putObject("not_available");
        missing.forEach((kind, why) -> unavailable.put(kind.label(), why));
        wrong().forEach(root.putArray("wrong")::add);
        return root.toPrettyString();
    }
}
