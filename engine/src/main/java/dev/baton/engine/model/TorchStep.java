package dev.baton.engine.model;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.engine.model.ModelRunner.Slice;
import dev.baton.engine.torch.Torch;
import dev.baton.engine.torch.TorchArgument;
import dev.baton.engine.torch.TorchDevice;
import dev.baton.engine.torch.TorchDtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What one forward pass tells a device of its rows: tokens, angles, where their KV goes, and who attends to what. */
final class TorchStep implements AutoCloseable {
    private final Arena arena = Arena.ofConfined();
    private final List<TorchArgument> arguments = new ArrayList<>();
    private final Torch torch;
    private final TorchDevice device;
    final TorchArgument ids;
    final Cells here;
    final Cells there;
    final List<Angles> angles = new ArrayList<>();
    final List<TorchTiles> groups = new ArrayList<>();
    final TorchArgument attended;

    /** Block and token in it of each row, on the device or in host memory. */
    record Cells(TorchArgument block, TorchArgument token) {}

    /** Cosine and sine of each row's rotated pairs. */
    record Angles(TorchArgument cos, TorchArgument sin) {}

    TorchStep(TorchModel model, List<Slice> slices, int rows, int blockTokens) {
        torch = model.torch;
        device = model.device;
        MemorySegment token = arena.allocate(JAVA_LONG, rows);
        MemorySegment block = arena.allocate(JAVA_LONG, rows);
        MemorySegment cell = arena.allocate(JAVA_LONG, rows);
        Map<Integer, List<TorchTiles.Placed>> byLength = new LinkedHashMap<>();
        int row = 0;
        for (Slice slice : slices) {
            byLength.computeIfAbsent(slice.tokens().length, length -> new ArrayList<>())
                    .add(new TorchTiles.Placed(slice, row));
            for (int i = 0; i < slice.tokens().length; i++, row++) {
                int position = slice.position() + i;
                token.setAtIndex(JAVA_LONG, row, slice.tokens()[i]);
                block.setAtIndex(JAVA_LONG, row, slice.blocks()[position / blockTokens]);
                cell.setAtIndex(JAVA_LONG, row, position % blockTokens);
            }
        }
        ids = upload(token, rows);
        here = new Cells(upload(block, rows), upload(cell, rows));
        there = new Cells(
                keep(torch.tensor(block, TorchDtype.I64, rows)), keep(torch.tensor(cell, TorchDtype.I64, rows)));
        for (RopeTable rope : model.ropes) {
            angles.add(angles(rope, slices, rows, model.config.rotated / 2));
        }
        attended = keep(torch.zeros(device, TorchDtype.F32, rows, (long) model.config.heads * model.config.headDim));
        for (List<TorchTiles.Placed> group : byLength.values()) {
            groups.add(new TorchTiles(torch, device, group, blockTokens));
        }
    }

    private Angles angles(RopeTable rope, List<Slice> slices, int rows, long pairs) {
        MemorySegment cos = arena.allocate(rows * pairs * 4, 64);
        MemorySegment sin = arena.allocate(rows * pairs * 4, 64);
        int row = 0;
        for (Slice slice : slices) {
            rope.copy(slice.position(), slice.tokens().length, cos, sin, row);
            row += slice.tokens().length;
        }
        return new Angles(
                keep(torch.upload(cos, device, TorchDtype.F32, rows, pairs)),
                keep(torch.upload(sin, device, TorchDtype.F32, rows, pairs)));
    }

    /** Row numbers on the device. */
    TorchArgument rows(int... numbers) {
        MemorySegment values = arena.allocate(JAVA_LONG, numbers.length);
        for (int i = 0; i < numbers.length; i++) {
            values.setAtIndex(JAVA_LONG, i, numbers[i]);
        }
        return upload(values, numbers.length);
    }

    private TorchArgument upload(MemorySegment values, long count) {
        return keep(torch.upload(values, device, TorchDtype.I64, count));
    }

    /** Frees an argument with the step. */
    TorchArgument keep(TorchArgument argument) {
        arguments.add(argument);
        return argument;
    }

    @Override
    public void close() {
        groups.forEach(TorchTiles::close);
        arguments.forEach(TorchArgument::close);
        arena.close();
    }
}
