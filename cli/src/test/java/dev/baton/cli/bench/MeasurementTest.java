package dev.baton.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class MeasurementTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private final Measurement measurement = new Measurement();

    /** One request slow at Kafka, another in the queue: neither is slow at both, as a sum of percentiles would say. */
    @Test
    void takesTheControlPlaneOfEachAnswerByItself() {
        measurement.timing(timing(90_000, 0, 10_000, 100_000));
        measurement.timing(timing(0, 90_000, 500_000, 590_000));
        assertThat(measurement.control.millis(50)).isCloseTo(90, within(0.5));
        assertThat(measurement.control.millis(99)).isCloseTo(90, within(0.5));
        assertThat(measurement.stage("kafka").millis(99)
                        + measurement.stage("queue").millis(99))
                .isGreaterThan(179);
    }

    @Test
    void saysWhatOfTheTransfersWasHidden() {
        assertThat(measurement.hiddenShare()).isEmpty();
        measurement.timing(
                timing(0, 0, 100_000, 100_000).put("transfer", 50_000).put("exposed_transfer", 5_000));
        assertThat(measurement.hiddenShare().orElseThrow()).isCloseTo(0.9, within(0.01));
        assertThat(measurement.exposedShareOfTtft().orElseThrow()).isCloseTo(0.05, within(0.001));
    }

    @Test
    void saysWhatAChunkCostsTheGateways() {
        assertThat(measurement.gatewayCpuMicrosPerChunk()).isEmpty();
        measurement.ttft.addNanos(1);
        measurement.gaps.addNanos(1);
        measurement.gaps.addNanos(1);
        measurement.gatewayCpu(null);
        assertThat(measurement.gatewayCpuMicrosPerChunk()).isEmpty();
        measurement.gatewayCpu(Duration.ofMillis(3));
        assertThat(measurement.gatewayCpuMicrosPerChunk().orElseThrow()).isCloseTo(1_000, within(0.1));
    }

    @Test
    void countsTheCpuTimeOfAProcessFromNowOn() {
        assumeTrue(Files.exists(Path.of("/proc/self/stat")), "there is no /proc here");
        assertThat(GatewayCpu.begin(List.of()).since()).isNull();
        GatewayCpu cpu = GatewayCpu.begin(List.of(ProcessHandle.current().pid()));
        for (long end = System.nanoTime() + LONG.toNanos(); System.nanoTime() < end; ) {
            if (Objects.requireNonNull(cpu.since()).toMillis() >= 20) {
                break;
            }
        }
        assertThat(cpu.since()).isGreaterThanOrEqualTo(Duration.ofMillis(20));
        assertThat(cpu.since()).isLessThan(Duration.ofMinutes(1));
    }

    @Test
    void writesAllOfItAsJson() {
        measurement.timing(
                timing(1_000, 0, 9_000, 10_000).put("transfer", 4_000).put("exposed_transfer", 1_000));
        measurement.failed("HTTP 429");
        measurement.failed("HTTP 429");
        ObjectNode json = JsonMapper.shared().createObjectNode();
        measurement.writeTo(json);
        assertThat(json.path("control_ms").path("p99").asDouble()).isCloseTo(1, within(0.01));
        assertThat(json.path("transfer_hidden_share").asDouble()).isCloseTo(0.75, within(0.01));
        assertThat(json.path("transfer_exposed_share_of_ttft").asDouble()).isCloseTo(0.1, within(0.01));
        assertThat(json.path("errors").path("HTTP 429").asInt()).isEqualTo(2);
        assertThat(json.path("stages_ms").has("attempts")).isFalse();
    }

    private static ObjectNode timing(int kafka, int queue, int prefill, int total) {
        return JsonMapper.shared()
                .createObjectNode()
                .put("kafka", kafka)
                .put("queue", queue)
                .put("prefill", prefill)
                .put("total", total)
                .put("attempts", 1);
    }
}
