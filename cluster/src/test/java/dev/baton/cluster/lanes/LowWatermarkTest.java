package dev.baton.cluster.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LowWatermarkTest {
    @Test
    void staysBelowTheLowestOpenRecord() {
        LowWatermark water = new LowWatermark(5);
        assertThat(water.offset()).isEqualTo(5);
        for (long offset : new long[] {5, 6, 8, 9}) {
            water.read(offset);
        }
        water.completed(6);
        water.completed(9);
        assertThat(water.offset()).isEqualTo(5);
        water.completed(5);
        assertThat(water.offset()).isEqualTo(8);
        assertThat(water.outstanding()).isEqualTo(1);
        water.completed(8);
        assertThat(water.offset()).isEqualTo(10);
    }
}
