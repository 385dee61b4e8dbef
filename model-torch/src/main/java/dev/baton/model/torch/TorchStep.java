package dev.baton.model.torch;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.engine.ModelRunner.Slice;
import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchArgument;
import dev.baton.libtorch.TorchDevice;
import dev.baton.libtorch.TorchDtype;
import dev.baton.model.RopeTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The arguments of one forward pass on a device: tokens, angles, places of their KV, and what attends to what. */
final class TorchStep implements AutoCloseable {
    private final Arena arena = Arena.ofConfined();
    private final List<TorchArgument> arguments = new ArrayList<>();
    private final TorchModel model;
    private final Torch torch;
    private final TorchDevice device;
    private final TorchArgument told;
    final StepInputs numbers;

    /** Whether all slices have one row. */
    final boolean decodes;

    final TorchArgument ids;
    final Cells here;
    final TorchArgument wanted;

    /** Ids of the blocks that are written to. */
    final TorchArgument freshBlocks;

    final List<TorchArgument> angles = new ArrayList<>();
    final List<TorchTiles> tiles = new ArrayList<>();
    final List<TorchAttention> attention = new ArrayList<>();

    /** Block and token in it of each row. */
    record Cells(TorchArgument block, TorchArgument token) {}

    TorchStep(TorchModel model, List<Slice> slices, int blockTokens) {
        this.model = model;
        torch = model.torch;
        device = model.device;
        numbers = new StepInputs(slices, blockTokens);
        decodes = numbers.singles == slices.size();
        try {
            long[] all = numbers.all();
            told = keep(torch.upload(arena.allocateFrom(JAVA_LONG, all), device, TorchDtype.I64, all.length));
            ids = view(numbers.idsAt, numbers.rows);
            here = new Cells(view(numbers.blocksAt, numbers.rows), view(numbers.cellsAt, numbers.rows));
            wanted = view(numbers.pickedAt, numbers.picked);
            freshBlocks = view(numbers.freshAt, numbers.fresh.count());
            angles(numbers.order);
            if (model.config.attentionSoftcap > 0) {
                tiles(blockTokens);
            } else {
                attention();
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Slices of one length together. */
    private void tiles(int blockTokens) {
        Map<Integer, List<TorchTiles.Placed>> byLength = new LinkedHashMap<>();
        for (int s = 0; s < numbers.order.size(); s++) {
            Slice slice = numbers.order.get(s);
            byLength.computeIfAbsent(slice.tokens().length, length -> new ArrayList<>())
                    .add(new TorchTiles.Placed(slice, numbers.firstRow(s)));
        }
        byLength.values().forEach(group -> tiles.add(new TorchTiles(torch, device, group, blockTokens)));
    }

    /** Slices of one row together, each longer one alone. */
    private void attention() {
        int singles = numbers.singles;
        if (singles > 0) {
            attention.add(new TorchAttention(
                    this,
                    numbers.order.subList(0, singles),
                    0,
                    view(numbers.table(0), singles, numbers.width),
                    view(numbers.endsAt, singles),
                    view(numbers.positionsAt, singles)));
        }
        for (int s = singles; s < numbers.order.size(); s++) {
            Slice slice = numbers.order.get(s);
            int row = numbers.firstRow(s);
            attention.add(new TorchAttention(
                    this,
                    List.of(slice),
                    row,
                    view(numbers.table(s), 1, numbers.held(slice)),
                    view(numbers.endsAt + s, 1),
                    view(numbers.positionsAt + row, slice.tokens().length)));
        }
    }

    private void angles(List<Slice> slices) {
        int rows = numbers.rows;
        long pairs = model.config.rotated / 2;
        for (RopeTable rope : model.ropes) {
            MemorySegment both = arena.allocate(2 * rows * pairs * 4, 64);
            MemorySegment sin = both.asSlice(rows * pairs * 4);
            int row = 0;
            for (Slice slice : slices) {
                rope.copy(slice.position(), slice.tokens().length, both, sin, row);
                row += slice.tokens().length;
            }
            try (TorchArgument there = torch.upload(both, device, TorchDtype.F32, 2, rows, pairs)) {
                angles.add(keep(torch.apply("spread", there)));
            }
        }
    }

    Torch torch() {
        return torch;
    }

    /** Whether parts of a prompt attend without a mask. */
    boolean flash() {
        return model.flash;
    }

    private TorchArgument view(long from, long... shape) {
        return keep(torch.view(told, from, shape));
    }

    /** Frees an argument with the step. */
    TorchArgument keep(TorchArgument argument) {
        arguments.add(argument);
        return argument;
    }

    @Override
    public void close() {
        tiles.forEach(TorchTiles::close);
        arguments.forEach(TorchArgument::close);
        arena.close();
    }
}
