package dev.baton.cli.bench;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
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
    /** TTFT without prefill compute, of each answer by itself: sums of percentiles are percentiles of nothing. */
    final Samples control = new Samples();

    private @Nullable Duration gatewayCpu;
    private final Map<String, Samples> stages = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> errors = new ConcurrentHashMap<>();

    /** Takes the gateway's account of one answer: its parts, in microseconds. */
    void timing(JsonNode timing) {
        for (Map.Entry<String, JsonNode> field : timing.properties()) {
            if (field.getValue().isNumber() && !field.getKey().equals("attempts")) {
                stage(field.getKey()).addMicros(field.getValue().asLong());
            }
        }
        if (timing.path("total").isNumber() && timing.path("prefill").isNumber()) {
            control.addMicros(
                    timing.path("total").asLong() - timing.path("prefill").asLong());
        }
    }

    /** Share of the transfers' time that passed while prefill still computed; empty when nothing moved. */
    OptionalDouble hiddenShare() {
        double all = stage("transfer").meanMillis();
        return all > 0 ? OptionalDouble.of(1 - stage("exposed_transfer").meanMillis() / all) : OptionalDouble.empty();
    }

    /** The rest of it as a share of TTFT as the gateway sees it; empty when nothing moved. */
    OptionalDouble exposedShareOfTtft() {
        double total = stage("total").meanMillis();
        return stage("transfer").count() > 0 && total > 0
                ? OptionalDouble.of(stage("exposed_transfer").meanMillis() / total)
                : OptionalDouble.empty();
    }

    Samples stage(String name) {
        return stages.computeIfAbsent(name, absent -> new Samples());
    }

    void failed(String message) {
        failures.increment();
        errors.computeIfAbsent(message, absent -> new LongAdder()).increment();
    }

    /** Pieces of text that came. */
    long chunks() {
        return ttft.count() + gaps.count();
    }

    /** @param used by all gateways while these answers ran; null when it cannot be seen from here */
    void gatewayCpu(@Nullable Duration used) {
        gatewayCpu = used;
    }

    /** Empty when it cannot be seen from here, or nothing came. */
    OptionalDouble gatewayCpuMicrosPerChunk() {
        return gatewayCpu == null || chunks() == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(gatewayCpu.toNanos() / 1e3 / chunks());
    }

    Map<String, Long> errors() {
        Map<String, Long> counts = new LinkedHashMap<>();
        errors.forEach((message, count) -> counts.put(message, count.sum()));
        return counts;
    }

    void writeTo(ObjectNode json) {
        json.put("answers", answers.sum()).put("failures", failures.sum()).put("tokens", tokens.sum());
        ttft.writeTo(json.putObject("ttft_ms"));
        tpot.writeTo(json.putObject("tpot_ms"));
        gaps.writeTo(json.putObject("gap_ms"));
        control.writeTo(json.putObject("control_ms"));
        hiddenShare().ifPresent(share -> json.put("transfer_hidden_share", share));
        exposedShareOfTtft().ifPresent(share -> json.put("transfer_exposed_share_of_ttft", share));
        gatewayCpuMicrosPerChunk().ifPresent(micros -> json.put("gateway_cpu_us_per_chunk", micros));
        json.put("chunks", chunks());
        ObjectNode parts = json.putObject("stages_ms");
        stages.forEach((name, samples) -> samples.writeTo(parts.putObject(name)));
        ObjectNode messages = json.putObject("errors");
        errors().forEach(messages::put);
    }
}
