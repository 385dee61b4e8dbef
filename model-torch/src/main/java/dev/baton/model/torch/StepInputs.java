package dev.baton.model.torch;

import dev.baton.engine.ModelRunner.Slice;
import java.util.Arrays;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * All integers of a step for the device, in one list, so that they go there in one copy. Slices of one row come first, so that they are together.
 */
final class StepInputs {
    final List<Slice> order;

    /** Slices of one row. */
    final int singles;

    /** Blocks in the table of each slice of one row: as many as the longest of them has. */
    final int width;

    final WrittenBlocks fresh;
    final int rows;

    /** How many rows' logits are wanted. */
    final int picked;

    /** Where a token's id per row begins. */
    final int idsAt;

    /** Where each row's position in its sequence begins. */
    final int positionsAt;

    /** Where each row's block begins. */
    final int blocksAt;

    /** Where each row's token in its block begins. */
    final int cellsAt;

    /** Where the rows whose logits are wanted begin, in the order in which the slices were given. */
    final int pickedAt;

    /** Where the position of each slice's last token begins. */
    final int endsAt;

    /** Where the blocks that the step writes to begin. */
    final int freshAt;

    private final int[] firstRows;
    private final int[] tables;
    private final int blockTokens;
    private long[] values = new long[256];
    private int count;

    StepInputs(List<Slice> slices, int blockTokens) {
        this.blockTokens = blockTokens;
        order = slices.stream()
                .sorted(Comparator.comparing(slice -> slice.tokens().length > 1))
                .toList();
        singles =
                (int) order.stream().filter(slice -> slice.tokens().length == 1).count();
        width = order.stream().limit(singles).mapToInt(this::held).max().orElse(0);
        fresh = new WrittenBlocks(order, blockTokens);
        firstRows = new int[order.size()];
        Map<Slice, Integer> last = new IdentityHashMap<>();
        int row = 0;
        for (int s = 0; s < order.size(); s++) {
            firstRows[s] = row;
            row += order.get(s).tokens().length;
            last.put(order.get(s), row - 1);
        }
        rows = row;
        idsAt = perRow((slice, i) -> slice.tokens()[i]);
        positionsAt = perRow((slice, i) -> slice.position() + i);
        blocksAt = perRow((slice, i) -> slice.blocks()[(slice.position() + i) / blockTokens]);
        cellsAt = perRow((slice, i) -> (slice.position() + i) % blockTokens);
        pickedAt = count;
        for (Slice slice : slices) {
            for (int back = slice.logitRows() - 1; back >= 0; back--) {
                put(Objects.requireNonNull(last.get(slice)) - back);
            }
        }
        picked = count - pickedAt;
        endsAt = count;
        order.forEach(slice -> put(end(slice) - 1));
        tables = new int[order.size()];
        for (int s = 0; s < order.size(); s++) {
            tables[s] = count;
            Slice slice = order.get(s);
            int entries = s < singles ? width : held(slice);
            for (int i = 0; i < entries; i++) {
                // Entries beyond the slice's end are never read.
                put(i < held(slice) ? slice.blocks()[i] : 0);
            }
        }
        freshAt = count;
        for (int i = 0; i < fresh.count(); i++) {
            put(fresh.id(i));
        }
    }

    /** A number of a slice's row. */
    private interface RowNumber {
        int of(Slice slice, int row);
    }

    private int perRow(RowNumber number) {
        int from = count;
        for (Slice slice : order) {
            for (int i = 0; i < slice.tokens().length; i++) {
                put(number.of(slice, i));
            }
        }
        return from;
    }

    private void put(int value) {
        if (count == values.length) {
            values = Arrays.copyOf(values, 2 * count);
        }
        values[count++] = value;
    }

    private static int end(Slice slice) {
        return slice.position() + slice.tokens().length;
    }

    /** Blocks that a slice has something in. */
    int held(Slice slice) {
        return Math.ceilDiv(end(slice), blockTokens);
    }

    /** The row at which a slice of the order begins. */
    int firstRow(int index) {
        return firstRows[index];
    }

    /** Where the blocks of a slice of the order begin. */
    int table(int index) {
        return tables[index];
    }

    /** Block of a row. */
    int block(int row) {
        return (int) values[blocksAt + row];
    }

    /** Token in its block of a row. */
    int cell(int row) {
        return (int) values[cellsAt + row];
    }

    long[] all() {
        return Arrays.copyOf(values, count);
    }
}
