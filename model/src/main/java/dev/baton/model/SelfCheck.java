package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelRunner.Slice;
import dev.baton.engine.ModelShape;
import dev.baton.engine.OpenModel;
import dev.baton.kernel.Attention;
import dev.baton.kernel.Bf16;
import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A sample of "a token depends only on the tokens before it", taken on the machine at hand when a model is opened.
 *
 * <p>A few rows go through the model as one chunk, as chunks of odd sizes, and between two others in a batch. They are
 * enough for the products of many rows as for those of few, and they begin where a span of attention is nearly full: what
 * stands before them is made up, one block many times, since to compute it would cost a large model seconds and check nothing
 * more.
 */
public final class SelfCheck {
    /** Rows enough for products of many rows as for those of few. */
    static final int OF_OUR_KERNELS = 34;

    /** Libraries choose other kernels for other numbers of rows. */
    public static final int OF_A_LIBRARY = 150;

    private static final int BEFORE_THE_SECOND_SPAN = 3;
    private static final int FIRST_CUT = 1;
    private static final int SECOND_CUT = 14;
    private static final int NEIGHBOUR_ROWS = 5;

    private final OpenModel model;
    private final Arena arena;
    private final int start;
    private final int[] tokens;

    /** A way to run the model over a pool. */
    public interface Binding {
        ModelRunner bind(KvRegion region);
    }

    private SelfCheck(OpenModel model, int rows, Arena arena) {
        this.model = model;
        this.arena = arena;
        ModelShape shape = model.shape(1);
        tokens = new int[Math.min(rows, shape.maxContext())];
        Arrays.setAll(tokens, i -> (int) ((i * 2654435761L + 12345) % shape.vocab()));
        start = Math.min(Attention.SPAN - BEFORE_THE_SECOND_SPAN, shape.maxContext() - tokens.length);
    }

    /**
     * True when all arrangements make the same KV and logits, and the others, in one chunk, make the same as the first.
     *
     * @param wanted rows, if the context has that many
     */
    public static boolean holds(OpenModel model, int wanted, Binding first, Binding... others) {
        try (Arena arena = Arena.ofShared()) {
            return new SelfCheck(model, wanted, arena).holds(first, others);
        }
    }

    private boolean holds(Binding first, Binding... others) {
        int rows = tokens.length;
        Sample whole = run(first, 0, rows);
        return whole.same(run(first, 0, FIRST_CUT, Math.min(SECOND_CUT, rows), rows))
                && whole.same(run(first, NEIGHBOUR_ROWS, rows - 1, rows))
                && Arrays.stream(others).allMatch(other -> whole.same(run(other, 0, rows)));
    }

    private record Sample(MemorySegment logits, List<MemorySegment> kv) {
        boolean same(Sample other) {
            return logits.mismatch(other.logits) == -1
                    && IntStream.range(0, kv.size()).allMatch(i -> kv.get(i).mismatch(other.kv.get(i)) == -1);
        }
    }

    /**
     * The rows in chunks that end as given.
     *
     * @param neighbourRows rows of the sequence before it in the batch's first pass, 0 for no batch
     */
    private Sample run(Binding binding, int neighbourRows, int... ends) {
        int before = start / model.layout(1).blockTokens();
        int[] blocks = IntStream.range(0, model.layout(1).blocksFor(start + tokens.length))
                .map(i -> Math.max(0, i - before + 1))
                .toArray();
        int each = blocks[blocks.length - 1] + 1;
        boolean batched = neighbourRows > 0;
        KvLayout layout = model.layout(batched ? each + 2 : each);
        KvRegion region = new KvRegion(layout, arena.allocate(layout.bytes(), 64));
        makeUp(region, each);
        MemorySegment logits = MemorySegment.NULL;
        int from = 0;
        int neighbour = 0;
        try (ModelRunner runner = binding.bind(region)) {
            runner.arrived(blocks);
            for (int end : ends) {
                if (end == from) {
                    continue;
                }
                Slice watched = new Slice(Arrays.copyOfRange(tokens, from, end), start + from, blocks, true);
                int beside = from == 0 ? neighbourRows : 1;
                List<Slice> slices = batched
                        ? List.of(
                                new Slice(Arrays.copyOf(tokens, beside), neighbour, new int[] {each}, true),
                                watched,
                                new Slice(Arrays.copyOf(tokens, 1), from == 0 ? 0 : 1, new int[] {each + 1}, true))
                        : List.of(watched);
                MemorySegment all = runner.forward(slices, layer -> {});
                long row = model.shape(1).vocab() * 4L;
                logits = MemorySegment.ofArray(
                        all.asSlice(batched ? row : 0, row).toArray(JAVA_FLOAT));
                from = end;
                neighbour += beside;
            }
        }
        return new Sample(
                logits,
                IntStream.range(0, layout.layers())
                        .boxed()
                        .flatMap(layer -> IntStream.range(0, each).mapToObj(block -> region.layerBlock(layer, block)))
                        .toList());
    }

    /** Keys and values of tokens that were not computed: numbers between -1 and 1, the same in every layer and block. */
    private static void makeUp(KvRegion region, int blocks) {
        MemorySegment pattern = region.layerBlock(0, 0);
        boolean wide = region.layout().dtype() == KvDtype.F32;
        for (long i = 0; i < pattern.byteSize() / (wide ? 4 : 2); i++) {
            float value = (i * 2654435761L >>> 8 & 0xff) / 128f - 1;
            if (wide) {
                pattern.setAtIndex(JAVA_FLOAT, i, value);
            } else {
                pattern.setAtIndex(JAVA_SHORT, i, Bf16.of(value));
            }
        }
        for (int layer = 0; layer < region.layout().layers(); layer++) {
            for (int block = 0; block < blocks; block++) {
                MemorySegment to = region.layerBlock(layer, block);
                if (to.address() != pattern.address()) {
                    to.copyFrom(pattern.asSlice(0, to.byteSize()));
                }
            }
        }
    }
}
