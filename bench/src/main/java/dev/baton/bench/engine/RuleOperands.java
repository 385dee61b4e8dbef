package dev.baton.bench.engine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.baton.kernel.Bf16;
import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchArgument;
import dev.baton.libtorch.TorchDtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Values that bf16 holds exactly, in both types, and tensors over them. */
final class RuleOperands implements AutoCloseable {
    static final List<TorchDtype> TYPES = List.of(TorchDtype.F32, TorchDtype.BF16);

    final Arena arena = Arena.ofConfined();
    private final Torch torch;
    private final SplittableRandom random = new SplittableRandom(11);
    private final List<TorchArgument> tensors = new ArrayList<>();

    RuleOperands(Torch torch) {
        this.torch = torch;
    }

    /** The same values twice. */
    record Twin(MemorySegment f32, MemorySegment bf16) {}

    /** Around zero, none greater than {@code most}. */
    Twin random(long count, double most) {
        MemorySegment bf16 = arena.allocate(count * 2, 64);
        for (long i = 0; i < count; i++) {
            bf16.setAtIndex(JAVA_SHORT, i, Bf16.of((float) ((random.nextDouble() * 2 - 1) * most)));
        }
        return new Twin(floats(bf16, count), bf16);
    }

    private MemorySegment floats(MemorySegment bf16, long count) {
        MemorySegment f32 = arena.allocate(count * 4, 64);
        for (long i = 0; i < count; i++) {
            f32.setAtIndex(JAVA_FLOAT, i, Bf16.toFloat(bf16.getAtIndex(JAVA_SHORT, i)));
        }
        return f32;
    }

    TorchArgument tensor(Twin of, TorchDtype dtype, long... shape) {
        TorchArgument tensor = torch.tensor(dtype == TorchDtype.F32 ? of.f32 : of.bf16, dtype, shape);
        tensors.add(tensor);
        return tensor;
    }

    TorchArgument zeros(TorchDtype dtype, long rows, long width) {
        TorchArgument tensor = torch.tensor(arena.allocate(rows * width * dtype.bytes(), 64), dtype, rows, width);
        tensors.add(tensor);
        return tensor;
    }

    /** @throws IllegalStateException when they differ by more than bf16's rounding explains */
    static void compare(String what, float ours, float free, double scale) {
        if (!(Math.abs(ours - free) <= 0.03 * scale)) {
            throw new IllegalStateException("%s: %g is not %g".formatted(what, free, ours));
        }
    }

    @Override
    public void close() {
        tensors.forEach(TorchArgument::close);
        arena.close();
    }
}
