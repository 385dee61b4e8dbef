package dev.baton.cluster.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LowWatermarkTest {
    @Test
    void staysBelowTheLowestOpenRecord() {
        LowWatermark water = new LowWatermark(5);
        assertThat(water.offset()).isEqualTo(5);
        for (long offset : new long[] {5, 6, 8, 9}) {
            water.read(offset, offset);
        }
        water.completed(6, 6L);
        water.completed(9, 9L);
        assertThat(water.offset()).isEqualTo(5);
        water.completed(5, 5L);
        assertThat(water.offset()).isEqualTo(8);
        assertThat(water.outstanding()).isEqualTo(1);
        water.completed(8, 8L);
        assertThat(water.offset()).isEqualTo(10);
    }

    @Test
    void beginsAnewWithALaneThatWasEmptied() {
        LowWatermark water = new LowWatermark(90);
        assertThat(water.read(90, "old")).isFalse();
        assertThat(water.read(0, "first")).isTrue();
        assertThat(water.offset()).isZero();
        assertThat(water.read(1, "second")).isFalse();
        water.completed(0, "old");
        assertThat(water.offset())
                .as("what was read before says nothing about it")
                .isZero();
        water.completed(0, "first");
        water.completed(90, "old");
        assertThat(water.offset()).isEqualTo(1);
    }
}
