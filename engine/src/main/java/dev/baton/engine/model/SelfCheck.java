package dev.baton.engine.model;

import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A sample of "a token depends only on the tokens before it", taken on the machine at hand when a model is opened.
 *
 * @param tokens length of the sequence
 * @param batch sequences that run beside each other in one of the arrangements
 */
record SelfCheck(int tokens, int batch) {
    /** Enough for kernels that are exact by construction. */
    static final SelfCheck SHORT = new SelfCheck(13, 1);

    /** For libraries that choose another kernel for another number of rows. */
    static final SelfCheck LONG = new SelfCheck(150, 7);

    /** True when one chunk, then a chunk and single tokens, then the same in a batch, make the same KV and logits. */
    boolean holds(OpenModel model) {
        ModelShape shape = model.shape(1);
        int[] sequence = new int[Math.min(tokens, shape.maxContext())];
        for (int i = 0; i < sequence.length; i++) {
            sequence[i] = (int) ((i * 2654435761L + 12345) % shape.vocab());
        }
        int most = Math.max(1, sequence.length - Math.max(3, sequence.length / 16));
        Sample whole = run(model, sequence, sequence.length, 1);
        return whole.same(run(model, sequence, most, 1))
                && (batch == 1 || whole.same(run(model, sequence, most, batch)));
    }

    /** What the first sequence's last token and cache came to. */
    private record Sample(MemorySegment logits, MemorySegment kv) {
        boolean same(Sample other) {
            return logits.mismatch(other.logits) == -1 && kv.mismatch(other.kv) == -1;
        }
    }

    private static Sample run(OpenModel model, int[] tokens, int first, int batch) {
        int each = model.layout(1).blocksFor(tokens.length);
        KvLayout layout = model.layout(each * batch);
        KvRegion region = new KvRegion(layout, Arena.ofAuto().allocate(layout.bytes(), 64));
        try (ModelRunner runner = model.bind(region)) {
            MemorySegment logits = MemorySegment.NULL;
            int at = 0;
            while (at < tokens.length) {
                int end = at == 0 ? first : at + 1;
                List<ModelRunner.Slice> slices = new ArrayList<>();
                for (int s = 0; s < batch; s++) {
                    int[] blocks = new int[each];
                    int from = s * each;
                    Arrays.setAll(blocks, i -> from + i);
                    slices.add(new ModelRunner.Slice(
                            Arrays.copyOfRange(tokens, at, end), at, blocks, end == tokens.length));
                }
                logits = runner.forward(slices, layer -> {});
                at = end;
            }
            long row = (long) model.shape(1).vocab() * Float.BYTES;
            return new Sample(
                    MemorySegment.ofArray(logits.asSlice(0, row).toArray(ValueLayout.JAVA_FLOAT)), kv(region, each));
        }
    }

    private static MemorySegment kv(KvRegion region, int blocks) {
        MemorySegment copy = Arena.ofAuto().allocate(region.layout().blockBytes() * blocks);
        long at = 0;
        for (int layer = 0; layer < region.layout().layers(); layer++) {
            for (int block = 0; block < blocks; block++) {
                MemorySegment cell = region.layerBlock(layer, block);
                copy.asSlice(at, cell.byteSize()).copyFrom(cell);
                at += cell.byteSize();
            }
        }
        return copy;
    }
}
