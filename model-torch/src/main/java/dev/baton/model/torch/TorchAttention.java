package dev.baton.model.torch;

import dev.baton.engine.ModelRunner.Slice;
import dev.baton.libtorch.TorchArgument;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Consecutive rows of a step that attend in one call of libtorch's: one slice, or all slices of one row. Which cells they
 * look at and what is hidden of them is found once a step for each kind of layer.
 */
final class TorchAttention {
    /** Cells that are looked at under a mask come in this many: libtorch copies a mask whose rows are not aligned. */
    private static final int ALIGNED = 16;

    private final TorchStep step;
    private final List<Slice> slices;
    private final TorchArgument table;
    private final TorchArgument last;
    private final TorchArgument position;
    private final TorchArgument from;
    private final TorchArgument to;
    private final Map<Integer, Seen> kinds = new HashMap<>();

    /** Attention of the layers that share one window. */
    private sealed interface Seen {
        /** The rows begin their sequence: their own keys and values are all there is. */
        record Prompt() implements Seen {}

        /** One row a slice, all as far into their sequence: nothing is hidden. */
        record Single(TorchArgument held) implements Seen {}

        /** One slice, under libtorch's flash attention, which takes rows for the last of the cells and needs no mask. */
        record Flash(TorchArgument held, TorchArgument back) implements Seen {}

        record Masked(String method, TorchArgument held, TorchArgument mask) implements Seen {}
    }

    /**
     * @param slices one, or some of one row each, whose rows begin at {@code row}
     * @param table their blocks, a row each
     * @param last position of their last token
     * @param position of each row
     */
    TorchAttention(
            TorchStep step,
            List<Slice> slices,
            int row,
            TorchArgument table,
            TorchArgument last,
            TorchArgument position) {
        this.step = step;
        this.slices = slices;
        this.table = table;
        this.last = last;
        this.position = position;
        int rows = slices.stream().mapToInt(slice -> slice.tokens().length).sum();
        from = step.keep(step.torch().integer(row));
        to = step.keep(step.torch().integer(row + rows));
    }

    /** Attention of the rows over the keys and values of a layer. */
    TorchArgument attend(int window, TorchArgument qkv, TorchArgument pool) {
        return switch (kinds.computeIfAbsent(window, this::look)) {
            case Seen.Prompt() -> step.torch().apply("prompt", qkv, from, to);
            case Seen.Single(var held) -> step.torch().apply("single", qkv, from, to, pool, held);
            case Seen.Flash(var held, var back) -> step.torch().apply("flash", qkv, from, to, pool, held, back);
            case Seen.Masked(var method, var held, var mask) ->
                step.torch().apply(method, qkv, from, to, pool, held, mask);
        };
    }

    private Seen look(int window) {
        int earliest = slices.stream().mapToInt(Slice::position).min().orElseThrow();
        int end = slices.stream()
                .mapToInt(slice -> slice.position() + slice.tokens().length)
                .max()
                .orElseThrow();
        int first = window > 0 ? Math.max(0, earliest - window + 1) : 0;
        boolean single = slices.getFirst().tokens().length == 1;
        if (!single && earliest == 0 && (window == 0 || end <= window)) {
            return new Seen.Prompt();
        }
        if (single && end - earliest == 1) {
            return new Seen.Single(held(first, end - first));
        }
        if (!single && step.flash()) {
            int back = window > 0 ? window - 1 : -1;
            return new Seen.Flash(
                    held(first, end - first), step.keep(step.torch().integer(back)));
        }
        int cells = Math.ceilDiv(end - first, ALIGNED) * ALIGNED;
        TorchArgument mask = with("hidden", position, first, cells, window);
        return new Seen.Masked(single ? "singles" : "chunk", held(first, cells), mask);
    }

    /** Cells from position {@code first} on; beyond a slice's end its last one is named again. */
    private TorchArgument held(int first, int cells) {
        try (TorchArgument at = step.torch().integer(first);
                TorchArgument count = step.torch().integer(cells)) {
            return step.keep(step.torch().apply("held", table, last, at, count));
        }
    }

    private TorchArgument with(String method, TorchArgument rows, int first, int cells, int window) {
        try (TorchArgument at = step.torch().integer(first);
                TorchArgument count = step.torch().integer(cells);
                TorchArgument wide = step.torch().integer(window)) {
            return step.keep(step.torch().apply(method, rows, at, count, wide));
        }
    }
}
