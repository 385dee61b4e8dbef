package dev.baton.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BlockTableTest {
    private final BlockTable table = new BlockTable(4);

    @Test
    void growsAndCoversTokens() {
        for (int i = 0; i < 20; i++) {
            table.append(100 + i);
        }
        assertThat(table.capacity()).isEqualTo(80);
        assertThat(table.covering(9)).containsExactly(100, 101, 102);
        assertThat(table.covering(8)).containsExactly(100, 101);
        assertThatThrownBy(() -> table.covering(81)).hasMessageContaining("81 tokens in blocks for 80");
    }

    @Test
    void clearingReturnsWhatWasHeld() {
        table.append(3, 4);
        assertThat(table.clear()).containsExactly(3, 4);
        assertThat(table.size()).isZero();
        assertThatThrownBy(() -> table.block(0)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
