package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelRunner.Slice;
import dev.baton.engine.OpenModel;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A token depends only on the tokens before it: on the demo model, in every arrangement, no bit differs. */
class InvarianceTest {
    private static final int LENGTH = 150;

    @ParameterizedTest
    @CsvSource({
        "BF16, STORED, 1",
        "BF16, STORED, 2",
        "F32, STORED, 1",
        "F32, STORED, 2",
        "BF16, INT8, 1",
        "BF16, W8A8, 1",
        "F32, W8A8, 3"
    })
    void aloneOrBatchedInOneChunkOrManyNoBitDiffers(DtypeChoice dtype, WeightChoice weights, int threads)
            throws IOException {
        Precision precision = new Precision(dtype, weights);
        int[] tokens = new int[LENGTH];
        Arrays.setAll(tokens, i -> (i * 7919 + 13) % 1024);
        Outcome base;
        try (OpenModel model = open(precision, 2)) {
            assertThat(model.shape(1).exact()).isTrue();
            base = run(model, tokens, 1, LENGTH);
        }
        try (OpenModel model = open(precision, threads)) {
            List<int[]> cuts = List.of(
                    new int[] {LENGTH}, new int[] {64, 128, LENGTH}, new int[] {1, 8, 71, 72, 149, LENGTH}, new int[] {
                        37, 100, LENGTH
                    });
            for (int[] cut : cuts) {
                for (int batch : new int[] {1, 3, 16}) {
                    assertSame(base, run(model, tokens, batch, cut), Arrays.toString(cut) + " in a batch of " + batch);
                }
            }
            int[] each = new int[LENGTH];
            Arrays.setAll(each, i -> i + 1);
            assertSame(base, run(model, tokens, 1, each), "token by token");
            assertSame(base, run(model, tokens, 5, each), "token by token in a batch of five");
        }
    }

    private record Outcome(float[] logits, List<byte[]> kv) {}

    /** The sequence in the middle of a batch of others, cut as given; the others are shifted copies of it. */
    private static Outcome run(OpenModel model, int[] tokens, int batch, int... ends) {
        int blocksEach = Math.ceilDiv(tokens.length, 64);
        KvLayout layout = model.layout(blocksEach * batch);
        int watched = batch / 2;
        try (Arena arena = Arena.ofShared()) {
            MemorySegment kv = arena.allocate(layout.bytes(), 64);
            KvRegion region = new KvRegion(layout, kv);
            float[] logits = {};
            try (ModelRunner runner = model.bind(region)) {
                int from = 0;
                for (int end : ends) {
                    List<Slice> slices = new ArrayList<>();
                    for (int s = 0; s < batch; s++) {
                        int first = s == watched ? from : Math.max(0, from - s);
                        int last = s == watched ? end : Math.max(first + 1, end - s);
                        int[] part = Arrays.copyOfRange(tokens, first, last);
                        slices.add(new Slice(part, first, blocks(s, blocksEach, batch), s == watched || s == 0));
                    }
                    MemorySegment all = runner.forward(slices, layer -> {});
                    int vocab = runner.shape().vocab();
                    long row = watched == 0 ? 0 : 1;
                    logits = all.asSlice(row * vocab * 4, vocab * 4L).toArray(ValueLayout.JAVA_FLOAT);
                    from = end;
                }
            }
            return new Outcome(logits, kv(region, blocks(watched, blocksEach, batch), tokens.length));
        }
    }

    private static int[] blocks(int sequence, int each, int batch) {
        int[] blocks = new int[each];
        Arrays.setAll(blocks, i -> i * batch + sequence);
        return blocks;
    }

    /** Keys and values of the tokens alone: what lies behind the last token belongs to no sequence. */
    private static List<byte[]> kv(KvRegion region, int[] blocks, int tokens) {
        KvLayout layout = region.layout();
        List<byte[]> bytes = new ArrayList<>();
        for (int layer = 0; layer < layout.layers(); layer++) {
            int tokenBytes = layout.group(layer).keyDim() * layout.dtype().bytes();
            int heads = layout.group(layer).kvHeads();
            for (int b = 0; b < blocks.length; b++) {
                int held = Math.min(layout.blockTokens(), tokens - b * layout.blockTokens());
                MemorySegment block = region.layerBlock(layer, blocks[b]);
                long at = 0;
                for (int head = 0; head < 2 * heads; head++) {
                    // Keys are turned: word by word.
                    int part = head < heads ? 4 : tokenBytes;
                    for (int i = 0; i < tokenBytes / part; i++) {
                        bytes.add(block.asSlice(at, (long) part * held).toArray(ValueLayout.JAVA_BYTE));
                        at += (long) part * layout.blockTokens();
                    }
                }
            }
        }
        return bytes;
    }

    private static void assertSame(Outcome expected, Outcome actual, String how) {
        assertThat(Arrays.equals(actual.logits(), expected.logits()))
                .as("logits, " + how)
                .isTrue();
        for (int i = 0; i < expected.kv().size(); i++) {
            assertThat(Arrays.equals(actual.kv().get(i), expected.kv().get(i)))
                    .as("KV, " + how)
                    .isTrue();
        }
    }

    private static OpenModel open(Precision precision, int threads) throws IOException {
        return Models.open(new ModelSettings(Reference.DEMO, "demo", precision, threads, 64), (done, of) -> {});
    }
}
