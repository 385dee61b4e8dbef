package dev.baton.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ByRowsTest {
    private final List<String> events = new ArrayList<>();
    private final ByRows<Noted> buffers = new ByRows<>(rows -> {
        if (rows > 100) {
            throw new OutOfMemoryError("for %d rows".formatted(rows));
        }
        events.add("make " + rows);
        return new Noted(rows);
    });

    private final class Noted implements ByRows.Closing {
        private final int rows;

        Noted(int rows) {
            this.rows = rows;
        }

        @Override
        public void close() {
            events.add("close " + rows);
        }
    }

    @Test
    void buffersAreKeptForTheSameNumberOfRowsAndClosedBeforeOthersAreMade() {
        assertThat(buffers.of(3)).isSameAs(buffers.of(3));
        assertThat(buffers.of(4).rows).isEqualTo(4);
        buffers.close();
        buffers.close();
        assertThat(events).containsExactly("make 3", "close 3", "make 4", "close 4");
    }

    @Test
    void buffersForWhichThereIsNoMemoryLeaveNoneThatAreClosed() {
        buffers.of(3);
        assertThatThrownBy(() -> buffers.of(101)).isInstanceOf(OutOfMemoryError.class);
        assertThat(buffers.of(3).rows).isEqualTo(3);
        assertThat(events).containsExactly("make 3", "close 3", "make 3");
    }
}
