package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class GrowableBuffersTest {
    private final List<String> events = new ArrayList<>();
    private final GrowableBuffers<Noted> buffers = new GrowableBuffers<>(capacity -> {
        if (capacity > 100) {
            throw new OutOfMemoryError("for %d rows".formatted(capacity));
        }
        events.add("make " + capacity);
        return new Noted(capacity);
    });

    private final class Noted implements GrowableBuffers.Room {
        private final int capacity;
        private int rows;

        Noted(int capacity) {
            this.capacity = capacity;
        }

        @Override
        public boolean use(int wanted) {
            rows = wanted <= capacity ? wanted : rows;
            return wanted <= capacity;
        }

        @Override
        public void close() {
            events.add("close " + capacity);
        }
    }

    @Test
    void aBatchThatGrowsAndShrinksFindsRoomThatIsThere() {
        for (int rows : new int[] {3, 8, 1, 9, 16, 2}) {
            assertThat(buffers.of(rows).rows).isEqualTo(rows);
        }
        buffers.close();
        buffers.close();
        assertThat(events).containsExactly("make 8", "close 8", "make 16", "close 16");
    }

    @Test
    void buffersForWhichThereIsNoMemoryLeaveNoneThatAreClosed() {
        buffers.of(3);
        assertThatThrownBy(() -> buffers.of(101)).isInstanceOf(OutOfMemoryError.class);
        assertThat(buffers.of(3).rows).isEqualTo(3);
        assertThat(events).containsExactly("make 8", "close 8", "make 8");
    }
}
