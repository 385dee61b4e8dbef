package dev.baton.model.torch;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchArgument;
import dev.baton.libtorch.TorchDevice;
import dev.baton.libtorch.TorchDtype;
import dev.baton.model.ModelConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * Whether a device has flash attention for heads like a model's: the last two rows of a short sequence attend within a
 * window, once under that kernel and once under a mask, and what they make is compared. The kernel is libtorch's own, below
 * its public attention: another libtorch may lack it, or take the rows for other cells.
 */
final class FlashCheck {
    private static final int ROWS = 2;
    private static final int CELLS = 16;
    private static final int WINDOW = 5;

    /** Of values up to one, in 16 bits. */
    private static final float TOLERANCE = 0.03f;

    private FlashCheck() {}

    /** @param dtype of keys and values */
    static boolean passes(Torch torch, TorchDevice device, TorchDtype dtype, ModelConfig config) {
        int pairs = 2 * config.kvHeads;
        try (Arena arena = Arena.ofConfined();
                TorchArgument qkv = some(torch, device, dtype, ROWS, config.heads + pairs, config.headDim);
                TorchArgument pool = some(torch, device, dtype, pairs, CELLS, config.headDim);
                TorchArgument held = from(torch, device, arena, 0, pairs * CELLS);
                TorchArgument positions = from(torch, device, arena, CELLS - ROWS, ROWS);
                TorchArgument none = torch.integer(0);
                TorchArgument rows = torch.integer(ROWS);
                TorchArgument cells = torch.integer(CELLS);
                TorchArgument window = torch.integer(WINDOW);
                TorchArgument back = torch.integer(WINDOW - 1);
                TorchArgument mask = torch.apply("hidden", positions, none, cells, window);
                TorchArgument masked = torch.apply("chunk", qkv, none, rows, pool, held, mask)) {
            Optional<TorchArgument> flash = torch.attempt("flash", qkv, none, rows, pool, held, back);
            if (flash.isEmpty()) {
                return false;
            }
            try (TorchArgument made = flash.get()) {
                return alike(torch, masked, made, ROWS, config.heads * config.headDim);
            }
        }
    }

    /** Whether two results of attention, {@code [rows][width]}, differ by no more than 16 bits may. */
    static boolean alike(Torch torch, TorchArgument one, TorchArgument other, int rows, int width) {
        int values = rows * width;
        try (Arena arena = Arena.ofConfined();
                TorchArgument both = torch.list(List.of(one, other))) {
            MemorySegment made = arena.allocate(2L * values * Float.BYTES, 64);
            try (TorchArgument to = torch.tensor(made, TorchDtype.F32, 2, rows, width)) {
                torch.call("bring", both, to);
            }
            for (int i = 0; i < values; i++) {
                float apart = made.getAtIndex(JAVA_FLOAT, i) - made.getAtIndex(JAVA_FLOAT, values + i);
                if (!(Math.abs(apart) <= TOLERANCE)) {
                    return false;
                }
            }
            return true;
        }
    }

    /** Values between -1 and 1 that do not repeat. */
    private static TorchArgument some(Torch torch, TorchDevice device, TorchDtype dtype, int... sizes) {
        long[] shape = java.util.Arrays.stream(sizes).asLongStream().toArray();
        long count = java.util.Arrays.stream(shape).reduce(1, Math::multiplyExact);
        TorchArgument tensor = torch.zeros(device, dtype, shape);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(count * Float.BYTES, 64);
            for (long i = 0; i < count; i++) {
                values.setAtIndex(JAVA_FLOAT, i, (float) Math.sin(i * i * 0.37 + i));
            }
            torch.fill(tensor, values, TorchDtype.F32, shape);
            return tensor;
        }
    }

    private static TorchArgument from(Torch torch, TorchDevice device, Arena arena, int first, int count) {
        MemorySegment numbers = arena.allocate(JAVA_LONG, count);
        for (int i = 0; i < count; i++) {
            numbers.setAtIndex(JAVA_LONG, i, first + i);
        }
        return torch.upload(numbers, device, TorchDtype.I64, count);
    }
}
