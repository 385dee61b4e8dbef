package dev.baton.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class MeasurementTest {
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
