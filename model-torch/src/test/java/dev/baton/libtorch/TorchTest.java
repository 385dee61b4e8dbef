package dev.baton.libtorch;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.model.UnusableDeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class TorchTest {
    private static final String SCRIPT = """
              def twice(self: __torch__.Model, x: Tensor, factor: float) -> NoneType:
                _0 = torch.mul_(x, factor)
                return None

              def product(self: __torch__.Model, x: Tensor, y: Tensor, out: Tensor) -> NoneType:
                _0 = torch.copy_(out, torch.matmul(x, y))
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

    @Test
    void whatIsUploadedIsComputedWithOnTheDeviceOfTheTestsAndComesBack() throws UnusableDeviceException {
        TorchDevice device = TestDevice.usable();
        try (Arena arena = Arena.ofConfined();
                Torch torch = new Torch(SCRIPT)) {
            MemorySegment memory = arena.allocateFrom(JAVA_FLOAT, 1, 2, 3, 4, 5, 6);
            MemorySegment back = arena.allocate(JAVA_FLOAT, 4);
            try (TorchArgument whole = torch.upload(memory, device, TorchDtype.F32, 6);
                    TorchArgument part = torch.view(whole, 2, 2, 2);
                    TorchArgument unit = torch.zeros(device, TorchDtype.F32, 2, 2);
                    TorchArgument out = torch.tensor(back, TorchDtype.F32, 2, 2);
                    TorchArgument factor = torch.number(10)) {
                torch.fill(unit, arena.allocateFrom(JAVA_FLOAT, 1, 0, 0, 1), TorchDtype.F32, 2, 2);
                torch.call("twice", part, factor);
                torch.call("product", part, unit, out);
            }
            assertThat(back.toArray(JAVA_FLOAT)).containsExactly(30, 40, 50, 60);
            assertThat(memory.getAtIndex(JAVA_FLOAT, 2)).isEqualTo(3);
        }
    }

    /** A GPU may round factors to ten bits where it is let. */
    @Test
    void factorsOfAProductInF32KeepAllTheirBits() throws UnusableDeviceException {
        int width = 128;
        TorchDevice device = TestDevice.usable();
        try (Arena arena = Arena.ofConfined();
                Torch torch = new Torch(SCRIPT)) {
            MemorySegment values = arena.allocate(JAVA_FLOAT, (long) width * width);
            MemorySegment unit = arena.allocate(JAVA_FLOAT, (long) width * width);
            MemorySegment back = arena.allocate(JAVA_FLOAT, (long) width * width);
            for (int i = 0; i < width * width; i++) {
                values.setAtIndex(JAVA_FLOAT, i, 1 + i * 0x1p-23f);
                unit.setAtIndex(JAVA_FLOAT, i, i % (width + 1) == 0 ? 1 : 0);
            }
            try (TorchArgument x = torch.upload(values, device, TorchDtype.F32, width, width);
                    TorchArgument y = torch.upload(unit, device, TorchDtype.F32, width, width);
                    TorchArgument out = torch.tensor(back, TorchDtype.F32, width, width)) {
                torch.call("product", x, y, out);
            }
            assertThat(back.toArray(JAVA_FLOAT)).isEqualTo(values.toArray(JAVA_FLOAT));
        }
    }
}
