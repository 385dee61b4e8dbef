package dev.baton.cli.chaos;

import dev.baton.cli.bench.Samples;
import dev.baton.cli.bench.Table;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The figures of one run, or of several that make one record: reports of parts add up to a report. */
final class ChaosTally {
    private final List<Long> seeds = new ArrayList<>();
    private final Map<Answer.Verdict, Long> verdicts = new EnumMap<>(Answer.Verdict.class);
    private final Map<String, Waits> waits = new TreeMap<>();
    private final RungTable rungs = new RungTable(List.of());
    private final Map<String, Long> faults = new TreeMap<>();
    private final Map<String, String> missing = new TreeMap<>();
    private final List<String> wrong = new ArrayList<>();
    private long pairs;
    private long moved;
    private long refusals;
    private long resumable;
    private long wentOn;

    /** The longest waits of streams under way: from the fault on, and from its end on. */
    static final class Waits {
        /** Of those that went on elsewhere. */
        private final Samples moved = new Samples();

        private final Samples bystanders = new Samples();
        private final Samples afterwards = new Samples();
        private long times;

        /** A stream's, in nanoseconds. */
        void add(boolean struck, long longest, long longestAfterwards) {
            (struck ? moved : bystanders).addNanos(longest);
            afterwards.addNanos(longestAfterwards);
        }

        private void writeTo(ObjectNode json) {
            json.put("times", times);
            moved.writeWholeTo(json.putObject("moved"));
            bystanders.writeWholeTo(json.putObject("bystanders"));
            afterwards.writeWholeTo(json.putObject("afterwards"));
        }

        private void addAll(JsonNode written) {
            times += written.path("times").asLong();
            moved.addAll(written.path("moved"));
            bystanders.addAll(written.path("bystanders"));
            afterwards.addAll(written.path("afterwards"));
        }
    }

    void seed(long seed) {
        seeds.add(seed);
    }

    void answer(Answer.Verdict verdict, boolean struck, int refusedBefore) {
        verdicts.merge(verdict, 1L, Long::sum);
        moved += struck ? 1 : 0;
        refusals += refusedBefore;
    }

    /** @param broke its client went on after its way to a gateway had broken */
    void resumable(boolean broke) {
        resumable++;
        wentOn += broke ? 1 : 0;
    }

    void recoveries(List<JsonNode> recoveries) {
        recoveries.forEach(rungs::add);
    }

    /**
     * A step of a schedule.
     *
     * @param label under which its waits are put
     * @param kinds each is counted by itself, whether it struck alone or beside another
     */
    Waits strike(String label, List<String> kinds) {
        kinds.forEach(kind -> faults.merge(kind, 1L, Long::sum));
        pairs += kinds.size() > 1 ? 1 : 0;
        Waits of = waits.computeIfAbsent(label, name -> new Waits());
        of.times++;
        return of;
    }

    void missing(String kind, String why) {
        missing.put(kind, why);
    }

    void wrong(String line) {
        wrong.add(line);
    }

    long count(Answer.Verdict verdict) {
        return verdicts.getOrDefault(verdict, 0L);
    }

    private static long sum(Map<?, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
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
        waits.forEach((label, of) -> table.row(
                label,
                Long.toString(of.times),
                Long.toString(of.moved.count()),
                Table.number(of.moved.millis(50)),
                Table.number(of.moved.millis(99)),
                Table.number(of.moved.millis(100)),
                Long.toString(of.bystanders.count()),
                Table.number(of.bystanders.millis(50)),
                Table.number(of.bystanders.millis(99)),
                Table.number(of.bystanders.millis(100)),
                Table.number(of.afterwards.millis(99)),
                Table.number(of.afterwards.millis(100))));
        StringBuilder text = new StringBuilder(table.toString());
        text.append(rungs.text());
        wrong.forEach(line -> text.append(line).append('\n'));
        text.append("Faults: ").append(counted(faults)).append('\n');
        missing.forEach((kind, why) -> text.append("Not available here: ")
                .append(kind)
                .append(", which ")
                .append(why)
                .append('\n'));
        return text.append(sentence()).toString();
    }

    private String sentence() {
        return "Seed %s: %d faults, %d steps of two at once, %d answers, %d of them moved to another worker, %d refusals that were asked again: %d lost, %d repeated, %d changed, %d failed, %d refused for good; %d cut off as their gateway died. %d were resumable, and %d of these went on at a gateway after their way to one had broken."
                .formatted(
                        seeds.stream().map(String::valueOf).collect(Collectors.joining(", ")),
                        sum(faults),
                        pairs,
                        sum(verdicts),
                        moved,
                        refusals,
                        count(Answer.Verdict.LOST),
                        count(Answer.Verdict.REPEATED),
                        count(Answer.Verdict.CHANGED),
                        count(Answer.Verdict.FAILED),
                        count(Answer.Verdict.REFUSED),
                        count(Answer.Verdict.CUT),
                        resumable,
                        wentOn);
    }

    private static String counted(Map<String, Long> counts) {
        return counts.entrySet().stream()
                .map(count -> count.getValue() + " " + count.getKey())
                .collect(Collectors.joining(", "));
    }

    String json() {
        ObjectNode root = JsonMapper.shared().createObjectNode();
        seeds.forEach(root.putArray("seeds")::add);
        root.put("answers", sum(verdicts))
                .put("moved", moved)
                .put("refusals", refusals)
                .put("resumable", resumable)
                .put("went_on", wentOn);
        for (Answer.Verdict verdict : Answer.Verdict.values()) {
            root.put(name(verdict), count(verdict));
        }
        ObjectNode byLabel = root.putObject("waits_ms");
        waits.forEach((label, of) -> of.writeTo(byLabel.putObject(label)));
        rungs.writeTo(root.putObject("recoveries"));
        root.put("two_at_once", pairs);
        faults.forEach(root.putObject("faults")::put);
        missing.forEach(root.putObject("not_available")::put);
        wrong.forEach(root.putArray("wrong")::add);
        return root.toPrettyString();
    }

    /**
     * Adds what {@link #json} wrote of another run.
     *
     * @throws IllegalArgumentException when it is something else
     */
    void addAll(String json) {
        JsonNode written;
        try {
            written = JsonMapper.shared().readTree(json);
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("no JSON: " + e.getMessage(), e);
        }
        if (!written.path("waits_ms").isObject() || !written.path("seeds").isArray()) {
            throw new IllegalArgumentException("not the report of a run of chaos");
        }
        written.path("seeds").forEach(seed -> seeds.add(seed.asLong()));
        for (Answer.Verdict verdict : Answer.Verdict.values()) {
            verdicts.merge(verdict, written.path(name(verdict)).asLong(0), Long::sum);
        }
        moved += written.path("moved").asLong(0);
        refusals += written.path("refusals").asLong(0);
        resumable += written.path("resumable").asLong(0);
        wentOn += written.path("went_on").asLong(0);
        pairs += written.path("two_at_once").asLong(0);
        written.path("waits_ms")
                .properties()
                .forEach(entry -> waits.computeIfAbsent(entry.getKey(), name -> new Waits())
                        .addAll(entry.getValue()));
        rungs.addAll(written.path("recoveries"));
        written.path("faults")
                .properties()
                .forEach(entry -> faults.merge(entry.getKey(), entry.getValue().asLong(0), Long::sum));
        written.path("not_available")
                .properties()
                .forEach(entry -> missing.put(entry.getKey(), entry.getValue().asString("")));
        written.path("wrong").forEach(line -> wrong.add(line.asString("")));
    }

    private static String name(Answer.Verdict verdict) {
        return verdict.name().toLowerCase(Locale.ROOT);
    }
}
