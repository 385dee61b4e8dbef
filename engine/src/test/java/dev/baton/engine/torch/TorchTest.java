package dev.baton.engine.torch;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class TorchTest {
    private static final String SCRIPT = """
              def twice(self: __torch__.Model, x: Tensor, factor: float) -> NoneType:
                _0 = torch.mul_(x, factor)
                return None
            """;

    @Test
    void aMethodWrittenByJavaWritesIntoMemoryOfJava() {
        try (Arena arena = Arena.ofConfined();
                Torch torch = new Torch(SCRIPT)) {
            MemorySegment memory = arena.allocateFrom(JAVA_FLOAT, 1, 2, 3, 4);
            try (TorchArgument x = torch.tensor(memory, TorchDtype.F32, 2, 2);
                    TorchArgument factor = torch.number(2)) {
                torch.call("twice", x, factor);
            }
            assertThat(memory.toArray(JAVA_FLOAT)).containsExactly(2, 4, 6, 8);
        }
    }

    @Test
    void aTensorLargerThanItsMemoryIsRefused() {
        try (Arena arena = Arena.ofConfined();
                Torch torch = new Torch(SCRIPT)) {
            MemorySegment memory = arena.allocate(16);
            assertThatThrownBy(() -> torch.tensor(memory, TorchDtype.F32, 5))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
