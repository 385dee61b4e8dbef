package dev.baton.bench.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.bench.engine.Cell.Kind;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.ObjectMapper;

class MachineLimitsTest {
    private static final Dimensions SHAPE = Dimensions.of(new ObjectMapper().readTree("""
            {"hidden_size": 2048, "num_hidden_layers": 22, "num_attention_heads": 32, "num_key_value_heads": 4,
             "intermediate_size": 5632, "vocab_size": 32000}"""));
    private static final double GIGA = 1e9;

    @Test
    void theLargeShapeHasElevenHundredMillionWeights() {
        assertThat(SHAPE.layerWeights()).isEqualTo(22L * (2048 * (2048 + 512) + 2048 * 2048 + 3 * 2048 * 5632));
        assertThat(SHAPE.headWeights()).isEqualTo(65_536_000);
        assertThat(SHAPE.keyWidth()).isEqualTo(22 * 256);
        assertThat(SHAPE.queryWidth()).isEqualTo(22 * 2048);
    }

    @Test
    void decodeIsHeldBackByReadingWeightsOnceAndEachSequencesKv() {
        MachineLimits limits = new MachineLimits(20 * GIGA, 1e18, 0);
        double weights = 2.0 * (SHAPE.layerWeights() + SHAPE.headWeights());
        double kv = 528.0 * 4 * 22 * 256;
        assertThat(limits.tokensPerSecond(new Cell(Kind.DECODE, 1), SHAPE, WeightFormat.BF16))
                .isCloseTo(20 * GIGA / (weights + kv), within(1e-9));
        assertThat(limits.tokensPerSecond(new Cell(Kind.DECODE, 8), SHAPE, WeightFormat.BF16))
                .isCloseTo(8 * 20 * GIGA / (weights + 8 * kv), within(1e-9));
        assertThat(limits.tokensPerSecond(new Cell(Kind.DECODE, 1), SHAPE, WeightFormat.INT8))
                .isCloseTo(20 * GIGA / (weights / 2 + kv), within(1e-9));
    }

    @Test
    void prefillIsHeldBackByArithmetic() {
        MachineLimits limits = new MachineLimits(1e18, 300 * GIGA, 3000 * GIGA);
        Cell cell = new Cell(Kind.PREFILL, 512);
        double products = 2.0 * SHAPE.layerWeights() * 512 + 2.0 * SHAPE.headWeights();
        double attention = 4.0 * 22 * 2048 * (512 * 513 / 2);
        assertThat(limits.tokensPerSecond(cell, SHAPE, WeightFormat.BF16))
                .isCloseTo(512 * 300 * GIGA / (products + attention), within(1e-6));
        assertThat(limits.tokensPerSecond(cell, SHAPE, WeightFormat.INT8))
                .as("weights of a byte, arithmetic in f32")
                .isCloseTo(512 * 300 * GIGA / (products + attention), within(1e-6));
        assertThat(limits.tokensPerSecond(cell, SHAPE, WeightFormat.W8A8))
                .isCloseTo(512 * 300 * GIGA / (products / 10 + attention), within(1e-6));
    }

    @Test
    void theBestOfTwoMeasurementsCounts() {
        assertThat(new MachineLimits(1, 5, 3).best(new MachineLimits(2, 4, 3))).isEqualTo(new MachineLimits(2, 5, 3));
    }
}
