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
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one forward pass tells a device of its rows: tokens, angles, where their KV goes, and who attends to what. Slices of
 * one row come first, so that they are together. All numbers go there in one copy.
 */
final class TorchStep implements AutoCloseable {
    private static final int NUMBERS_OF_A_ROW = 4;

    private final Arena arena = Arena.ofConfined();
    private final List<TorchArgument> arguments = new ArrayList<>();
    private final TorchModel model;
    private final Torch torch;
    private final TorchDevice device;
    private final int blockTokens;
    final int rows;
    final boolean decodes;
    final TorchArgument ids;
    final Cells here;
    final TorchArgument wanted;
    final FreshBlocks fresh;

    /** Their ids. */
    final TorchArgument freshBlocks;

    final List<TorchArgument> angles = new ArrayList<>();
    final List<TorchTiles> tiles = new ArrayList<>();
    final List<TorchAttention> attention = new ArrayList<>();
    private final int[] block;
    private final int[] cell;

    /** Block and token in it of each row. */
    record Cells(TorchArgument block, TorchArgument token) {}

    TorchStep(TorchModel model, List<Slice> slices, int rows, int blockTokens) {
        this.model = model;
        this.rows = rows;
        this.blockTokens = blockTokens;
        torch = model.torch;
        device = model.device;
        List<Slice> order = slices.stream()
                .sorted(Comparator.comparing(slice -> slice.tokens().length > 1))
                .toList();
        int singles =
                (int) order.stream().filter(slice -> slice.tokens().length == 1).count();
        decodes = singles == slices.size();
        Map<Slice, Integer> last = new java.util.IdentityHashMap<>();
        int width = order.stream()
                .limit(singles)
                .mapToInt(slice -> slice.position() / blockTokens + 1)
                .max()
                .orElse(0);
        int tables = singles * width
                + order.stream().skip(singles).mapToInt(this::blocks).sum();
        int picked = (int) slices.stream().filter(Slice::logits).count();
        fresh = new FreshBlocks(order, blockTokens);
        MemorySegment packed = arena.allocate(
                JAVA_LONG, (long) NUMBERS_OF_A_ROW * rows + picked + order.size() + tables + fresh.count());
        block = new int[rows];
        cell = new int[rows];
        Map<Integer, List<TorchTiles.Placed>> byLength = new LinkedHashMap<>();
        int row = 0;
        for (Slice slice : order) {
            byLength.computeIfAbsent(slice.tokens().length, length -> new ArrayList<>())
                    .add(new TorchTiles.Placed(slice, row));
            for (int i = 0; i < slice.tokens().length; i++, row++) {
                int position = slice.position() + i;
                block[row] = slice.blocks()[position / blockTokens];
                cell[row] = position % blockTokens;
                packed.setAtIndex(JAVA_LONG, row, slice.tokens()[i]);
                packed.setAtIndex(JAVA_LONG, rows + row, position);
                packed.setAtIndex(JAVA_LONG, 2L * rows + row, block[row]);
                packed.setAtIndex(JAVA_LONG, 3L * rows + row, cell[row]);
            }
            last.put(slice, row - 1);
        }
        long at = (long) NUMBERS_OF_A_ROW * rows;
        for (Slice slice : slices) {
            if (slice.logits()) {
                packed.setAtIndex(JAVA_LONG, at++, java.util.Objects.requireNonNull(last.get(slice)));
            }
        }
        long ends = at;
        for (Slice slice : order) {
            packed.setAtIndex(JAVA_LONG, at++, end(slice) - 1);
        }
        long table = at;
        for (int s = 0; s < order.size(); s++) {
            Slice slice = order.get(s);
            int count = s < singles ? width : blocks(slice);
            for (int i = 0; i < count; i++) {
                // Entries beyond the slice's end are never read.
                packed.setAtIndex(JAVA_LONG, at++, i < blocks(slice) ? slice.blocks()[i] : 0);
            }
        }
        long written = at;
        for (int i = 0; i < fresh.count(); i++) {
            packed.setAtIndex(JAVA_LONG, at++, fresh.id(i));
        }
        TorchArgument all = keep(torch.upload(packed, device, TorchDtype.I64, at));
        ids = view(all, 0, rows);
        TorchArgument position = view(all, rows, rows);
        here = new Cells(view(all, 2L * rows, rows), view(all, 3L * rows, rows));
        wanted = view(all, (long) NUMBERS_OF_A_ROW * rows, picked);
        freshBlocks = view(all, written, fresh.count());
        angles(order);
        if (model.config.attentionSoftcap > 0) {
            byLength.values().forEach(group -> tiles.add(new TorchTiles(torch, device, group, blockTokens)));
            return;
        }
        if (singles > 0) {
            attention.add(new TorchAttention(
                    this,
                    order.subList(0, singles),
                    0,
                    view(all, table, singles, width),
                    view(all, ends, singles),
                    view(position, 0, singles)));
            table += (long) singles * width;
        }
        int from = singles;
        for (int s = singles; s < order.size(); s++) {
            Slice slice = order.get(s);
            int length = slice.tokens().length;
            attention.add(new TorchAttention(
                    this,
                    List.of(slice),
                    from,
                    view(all, table, 1, blocks(slice)),
                    view(all, ends + s, 1),
                    view(position, from, length)));
            table += blocks(slice);
            from += length;
        }
    }

    private static int end(Slice slice) {
        return slice.position() + slice.tokens().length;
    }

    private int blocks(Slice slice) {
        return Math.ceilDiv(end(slice), blockTokens);
    }

    private void angles(List<Slice> slices) {
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

    /** Block of a row. */
    int block(int row) {
        return block[row];
    }

    /** Token in its block of a row. */
    int cell(int row) {
        return cell[row];
    }

    private TorchArgument view(TorchArgument whole, long from, long... shape) {
        return keep(torch.view(whole, from, shape));
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
