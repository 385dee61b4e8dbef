package dev.baton.cli.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a client saw of many streamed answers. TTFT runs from the planned arrival, so a late client shows as latency; TPOT
 * is (last − first token) / (tokens − 1) of one answer; a gap is the time between two pieces of text.
 */
final class Measurement {
    final Samples ttft = new Samples();
    final Samples tpot = new Samples();
    final Samples gaps = new Samples();
    final LongAdder tokens = new LongAdder();
    final LongAdder answers = new LongAdder();
    final LongAdder failures = new LongAdder();
    private final Map<String, Samples> stages = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> errors = new ConcurrentHashMap<>();

    /** Takes the gateway's account of one answer: numeric fields, microseconds. */
    void timing(JsonNode timing) {
        for (Map.Entry<String, JsonNode> field : timing.properties()) {
            if (field.getValue().isNumber()) {
                stages.computeIfAbsent(field.getKey(), name -> new Samples())
                        .addMicros(field.getValue().asLong());
            }
        }
    }

    Samples stage(String name) {
        return stages.computeIfAbsent(name, absent -> new Samples());
    }

    void failed(String message) {
        failures.increment();
        errors.computeIfAbsent(message, absent -> new LongAdder()).increment();
    }

    Map<String, Long> errors() {
        Map<String, Long> counts = new LinkedHashMap<>();
        errors.forEach((message, count) -> counts.put(message, count.sum()));
        return counts;
    }

    void writeTo(ObjectNode json) {
        json.put("answers", answers.sum()).put("failures", failures.sum()).put("tokens", tokens.sum());
        write(json.putObject("ttft_ms"), ttft);
        write(json.putObject("tpot_ms"), tpot);
        write(json.putObject("gap_ms"), gaps);
        ObjectNode parts = json.putObject("stages_ms");
        stages.forEach((name, samples) -> write(parts.putObject(name), samples));
    }

    private static void write(ObjectNode json, Samples samples) {
        json.put("count", samples.count())
                .put("mean", samples.meanMillis())
                .put("p50", samples.millis(50))
                .put("p99", samples.millis(99))
                .put("max", samples.millis(100));
    }
}
