package dev.baton.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CounterRandomTest {
    /** Known answers published with Random123 (kat_vectors, philox4x32 10). */
    @Test
    void givesThePublishedKnownAnswers() {
        assertThat(CounterRandom.philox(0, 0, 0, 0, 0)).containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
        assertThat(CounterRandom.philox(-1, -1, -1, -1, -1))
                .containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
        assertThat(CounterRandom.philox(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0x299f31d0a4093822L))
                .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
    }

    @Test
    void drawsAreUniformOverTokensAndOverSeeds() {
        int[] overTokens = new int[16];
        int[] overSeeds = new int[16];
        int draws = 64_000;
        for (int i = 0; i < draws; i++) {
            overTokens[(int) (CounterRandom.bits(42, i) >>> 60)]++;
            overSeeds[(int) (CounterRandom.bits(i, 3) >>> 60)]++;
        }
        ChiSquare.check("over tokens", overTokens, ChiSquare.uniform(16));
        ChiSquare.check("over seeds", overSeeds, ChiSquare.uniform(16));
    }
}
