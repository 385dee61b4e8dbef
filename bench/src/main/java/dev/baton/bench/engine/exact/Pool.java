package dev.baton.bench.engine.exact;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelRunner.Slice;
import dev.baton.engine.OpenModel;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Blocks full of others' numbers, and a runner over them. Blocks are given out from the last to the first. */
final class Pool implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final KvRegion region;
    private final ModelRunner runner;
    private int free;

    Pool(OpenModel model, int blocks) {
        KvLayout layout = model.layout(blocks);
        region = new KvRegion(layout, arena.allocate(layout.bytes(), 64));
        KvPart.litter(region.segment());
        runner = model.bind(region);
        free = blocks;
    }

    /** A text in this pool: its blocks, and how many of its tokens they hold. */
    final class Running {
        final Text text;
        private int[] blocks;
        private int done;

        private Running(Text text, int[] blocks, int done) {
            this.text = text;
            this.blocks = blocks;
            this.done = done;
        }

        int done() {
            return done;
        }

        /** Tokens from {@code to} on are lost: only computing them brings them back. */
        void back(int to) {
            for (KvPart part : KvPart.of(region.layout())) {
                part.spans(region, blocks, to, done).forEach(KvPart::litter);
            }
            done = to;
        }

        /** Loses its blocks to somebody else, who writes into them, and gets others. */
        void preempted() {
            for (int layer = 0; layer < region.layout().layers(); layer++) {
                for (int block : blocks) {
                    KvPart.litter(region.layerBlock(layer, block));
                }
            }
            blocks = blocks(text.length());
            done = 0;
        }

        Comparison compareKv(String arrangement) {
            return text.kv(arrangement, region, blocks, done);
        }
    }

    Running start(Text text) {
        return new Running(text, blocks(text.length()), 0);
    }

    /** Finds the full blocks of the other's first {@code tokens} in the cache: computes only what follows. */
    Running startWithPrefixOf(Running other, int tokens) {
        int shared = tokens / region.layout().blockTokens();
        if (shared == 0) {
            throw new IllegalArgumentException("no full block in %d tokens".formatted(tokens));
        }
        int[] blocks = Arrays.copyOf(other.blocks, region.layout().blocksFor(other.text.length()));
        int[] own = blocks(other.text.length() - shared * region.layout().blockTokens());
        System.arraycopy(own, 0, blocks, shared, blocks.length - shared);
        return new Running(other.text, blocks, shared * region.layout().blockTokens());
    }

    /** Receives the other's blocks from its pool, layer by layer, into blocks of other numbers. */
    Running receive(Pool from, Running other) {
        Running received = new Running(other.text, blocks(other.text.length()), other.done);
        for (int layer = 0; layer < region.layout().layers(); layer++) {
            for (int i = 0; i < region.layout().blocksFor(other.done); i++) {
                region.layerBlock(layer, received.blocks[i]).copyFrom(from.region.layerBlock(layer, other.blocks[i]));
            }
        }
        return received;
    }

    private int[] blocks(int tokens) {
        int[] blocks = new int[region.layout().blocksFor(tokens)];
        if (blocks.length > free) {
            throw new IllegalStateException("%d blocks wanted of %d free".formatted(blocks.length, free));
        }
        Arrays.setAll(blocks, i -> --free);
        return blocks;
    }

    /** One forward pass: each goes on by as many tokens as stand at its place. */
    Comparison forward(String arrangement, List<Running> batch, int... counts) {
        List<Slice> slices = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            Running one = batch.get(i);
            slices.add(new Slice(
                    Arrays.copyOfRange(one.text.tokens, one.done, one.done + counts[i]), one.done, one.blocks, true));
        }
        MemorySegment logits = runner.forward(slices, layer -> {});
        long row = (long) runner.shape().vocab() * JAVA_FLOAT.byteSize();
        Comparison result = new Comparison(arrangement);
        for (int i = 0; i < batch.size(); i++) {
            Running one = batch.get(i);
            one.done += counts[i];
            result = result.plus(one.text.logits(arrangement, one.done - 1, logits.asSlice(i * row, row)));
        }
        return result;
    }

    @Override
    public void close() {
        runner.close();
        arena.close();
    }
}
