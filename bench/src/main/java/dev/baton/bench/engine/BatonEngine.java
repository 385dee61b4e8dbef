package dev.baton.bench.engine;

import dev.baton.engine.Device;
import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelRunner.Slice;
import dev.baton.engine.OpenModel;
import dev.baton.engine.sampling.Sampler;
import dev.baton.engine.sampling.SamplingParameters;
import dev.baton.engine.sampling.SequenceSampling;
import dev.baton.engine.sampling.StoppingRule;
import dev.baton.engine.sampling.TokenCounts;
import dev.baton.kernel.LogitKernels;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.protocol.v1.Sampling;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Our model alone: whole steps, from token ids to the greedy choice of the next ones. */
final class BatonEngine implements EngineUnderTest, AutoCloseable {
    /** Decode steps before the clock starts. */
    static final int WARM_STEPS = 2;

    private static final SequenceSampling GREEDY = new SequenceSampling(
            SamplingParameters.of(Sampling.getDefaultInstance()),
            new StoppingRule(Set.of(), 0, Integer.MAX_VALUE),
            new TokenCounts(new int[0], 0));

    private final Arena arena = Arena.ofShared();
    private final KvRegion region;
    private final ModelRunner runner;
    private final Sampler sampler;
    private final int chunk;
    private int prompts;

    /** @param chunk tokens of a prompt that are computed in one pass, as a scheduler would */
    BatonEngine(OpenModel model, BenchRun heat, int chunk) {
        this.chunk = chunk;
        KvLayout one = model.layout(1);
        int blocks = one.blocksFor(Cell.CONTEXT);
        for (Cell cell : heat.cells()) {
            int sequences = cell.kind() == Cell.Kind.DECODE ? cell.size() : 1;
            blocks = Math.max(blocks, sequences * one.blocksFor(cell.tokens()));
        }
        KvLayout layout = one.withBlocks(blocks);
        region = new KvRegion(layout, arena.allocate(layout.bytes(), 64));
        runner = model.bind(region);
        sampler = new Sampler(runner.shape().vocab(), LogitKernels.open());
        prefill(Cell.CONTEXT);
    }

    @Override
    public String name() {
        return "Baton";
    }

    @Override
    public Outcome measure(BenchRun heat) {
        Map<Cell, Double> rates = new LinkedHashMap<>();
        for (Cell cell : heat.cells()) {
            if (heat.device() == Device.CUDA) {
                rate(cell); // as for the rival there: kernels are chosen and memory is taken at the first of a size
            }
            rates.put(cell, rate(cell));
        }
        return new Outcome(rates, List.of());
    }

    private double rate(Cell cell) {
        return switch (cell.kind()) {
            case DECODE -> decode(cell.size());
            case PREFILL -> prefill(cell.size());
        };
    }

    /** A new prompt each time; logits and a choice for its last token alone. */
    private double prefill(int length) {
        int[] tokens = tokens(prompts++, length);
        int[] blocks = blocks(0, region.layout().blocksFor(length));
        long start = System.nanoTime();
        for (int at = 0; at < length; at += chunk) {
            int end = Math.min(length, at + chunk);
            boolean last = end == length;
            MemorySegment logits = runner.forward(
                    List.of(new Slice(Arrays.copyOfRange(tokens, at, end), at, blocks, last)), layer -> {});
            if (last) {
                choose(logits, 0, 0);
            }
        }
        return length / ((System.nanoTime() - start) / 1e9);
    }

    /** Each sequence goes on from the tokens it chose. Their contexts are one prompt's, copied. */
    private double decode(int batch) {
        int each = region.layout().blocksFor(Cell.CONTEXT + WARM_STEPS + Cell.STEPS);
        copyContext(batch, each);
        int[] next = tokens(prompts++, batch);
        long start = System.nanoTime();
        for (int step = -WARM_STEPS; step < Cell.STEPS; step++) {
            if (step == 0) {
                start = System.nanoTime();
            }
            int position = Cell.CONTEXT + WARM_STEPS + step;
            List<Slice> slices = new ArrayList<>();
            for (int s = 0; s < batch; s++) {
                slices.add(new Slice(new int[] {next[s]}, position, blocks(s * each, each), true));
            }
            MemorySegment logits = runner.forward(slices, layer -> {});
            for (int s = 0; s < batch; s++) {
                next[s] = choose(logits, s, WARM_STEPS + step);
            }
        }
        return batch * Cell.STEPS / ((System.nanoTime() - start) / 1e9);
    }

    /** The first blocks hold the latest prompt. */
    private void copyContext(int batch, int each) {
        int held = region.layout().blocksFor(Cell.CONTEXT);
        for (int s = 1; s < batch; s++) {
            for (int block = 0; block < held; block++) {
                for (int layer = 0; layer < region.layout().layers(); layer++) {
                    region.layerBlock(layer, s * each + block).copyFrom(region.layerBlock(layer, block));
                }
            }
            runner.arrived(blocks(s * each, held));
        }
    }

    private int choose(MemorySegment logits, int row, int index) {
        return sampler.draw(logits, row, index, GREEDY).token();
    }

    /** Above the ids of special tokens, different for each prompt. */
    private int[] tokens(int prompt, int count) {
        int vocab = runner.shape().vocab();
        int first = Math.min(300, vocab / 2);
        int[] tokens = new int[count];
        Arrays.setAll(tokens, i -> first + (int) (((i + 7919L * prompt) * 2654435761L >>> 8) % (vocab - first)));
        return tokens;
    }

    private static int[] blocks(int first, int count) {
        int[] blocks = new int[count];
        Arrays.setAll(blocks, i -> first + i);
        return blocks;
    }

    @Override
    public void close() {
        runner.close();
        arena.close();
    }
}
