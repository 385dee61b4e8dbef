package dev.baton.bench.engine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.baton.bench.engine.Results.Spread;
import dev.baton.kernel.Attention;
import dev.baton.kernel.Bf16;
import dev.baton.kernel.Kernels;
import dev.baton.kernel.MatrixView;
import dev.baton.kv.KvDtype;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Attention alone, over bf16 KV of so many layers that a step reads it from memory. Two builds are compared by running them
 * in turn.
 *
 * <pre>EngineBench --attention [--threads 2] [--rounds 5]</pre>
 */
final class AttentionBench {
    private static final List<Attention.Heads> SHAPES =
            List.of(new Attention.Heads(9, 3, 64, 64), new Attention.Heads(16, 4, 128, 128));

    private static final List<Work> WORKS = List.of(
            new Work("1 step at 512", 1, 512, 1),
            new Work("1 step at 4,096", 1, 4096, 1),
            new Work("1 step at 16,384", 1, 16_384, 1),
            new Work("8 steps at 512", 8, 512, 1),
            new Work("8 steps at 4,096", 8, 4096, 1),
            new Work("8 steps at 16,384", 8, 16_384, 1),
            new Work("512 rows at 0", 1, 0, 512),
            new Work("512 rows at 3,584", 1, 3584, 512));

    private static final int BLOCK = 64;
    private static final long PAST_THE_CACHES = 64 << 20;
    private static final long LONG_ENOUGH = 100_000_000;

    private final PrintStream out;
    private final int threads;
    private final int rounds;

    AttentionBench(PrintStream out, Map<String, String> options) {
        this.out = out;
        threads = Options.number("--threads", options.getOrDefault("--threads", "2"), 256);
        rounds = Options.number("--rounds", options.getOrDefault("--rounds", "5"), 1000);
    }

    /** @param context tokens before the rows of each sequence */
    private record Work(String name, int sequences, int context, int rows) {
        int blocks() {
            return Math.ceilDiv(context + rows, BLOCK);
        }
    }

    void run() {
        List<List<String>> table = new ArrayList<>();
        table.add(List.of("µs a layer", threads + (threads == 1 ? " thread" : " threads"), "Baton", "GB/s of KV"));
        try (Kernels kernels = Kernels.open(threads)) {
            for (Attention.Heads heads : SHAPES) {
                for (Work work : WORKS) {
                    table.add(measure(kernels, heads, work));
                }
            }
            out.print(ResultTable.aligned(table));
            out.println();
            out.println(HostDescription.describe());
            out.println("- " + kernels.name());
        }
    }

    private List<String> measure(Kernels kernels, Attention.Heads heads, Work work) {
        try (Arena arena = Arena.ofConfined()) {
            long blockBytes = (long) heads.kvHeads() * (heads.keyDim() + heads.valueDim()) * BLOCK * 2;
            long layerBytes = blockBytes * work.sequences * work.blocks();
            int layers = (int) Math.ceilDiv(PAST_THE_CACHES, layerBytes);
            MemorySegment kv = random(arena.allocate(layerBytes * layers, 64));
            Attention.Batch batch = batch(arena, work);
            int dim = heads.keyDim();
            long wide = (long) (heads.heads() + 2 * heads.kvHeads()) * dim;
            MatrixView qkv = new MatrixView(random(arena.allocate(JAVA_FLOAT, batch.rows() * wide)), wide);
            Attention.Operands operands = new Attention.Operands(
                    qkv,
                    qkv.column((long) heads.heads() * dim),
                    qkv.column((long) (heads.heads() + heads.kvHeads()) * dim),
                    new MatrixView(
                            arena.allocate(JAVA_FLOAT, (long) batch.rows() * heads.heads() * dim),
                            (long) heads.heads() * dim));
            Runnable pass = () -> {
                for (int layer = 0; layer < layers; layer++) {
                    kernels.attention(
                            heads,
                            new Attention.Rule((float) (1 / Math.sqrt(dim)), 0, 0),
                            new Attention.Pool(
                                    kv.asSlice(layer * layerBytes, layerBytes), KvDtype.BF16, BLOCK, blockBytes),
                            batch,
                            operands);
                }
            };
            pass.run();
            double[] micros = new double[rounds];
            Arrays.setAll(micros, round -> nanos(pass) / 1e3 / layers);
            Spread spread = new Spread(micros);
            double read = layerBytes / spread.median() / 1e3;
            return List.of(
                    "%d heads, %d KV, of %d".formatted(heads.heads(), heads.kvHeads(), dim),
                    work.name,
                    spread.toString(),
                    work.rows > 1 ? "" : String.format(Locale.ROOT, "%.1f", read));
        }
    }

    /** Nanoseconds of one pass of as many as take long enough. */
    private static double nanos(Runnable pass) {
        long start = System.nanoTime();
        int passes = 0;
        long took;
        do {
            pass.run();
            passes++;
            took = System.nanoTime() - start;
        } while (took < LONG_ENOUGH);
        return (double) took / passes;
    }

    private static Attention.Batch batch(Arena arena, Work work) {
        MemorySegment slices = arena.allocate(JAVA_INT, 4L * work.sequences);
        MemorySegment blocks = arena.allocate(JAVA_INT, (long) work.sequences * work.blocks());
        for (int i = 0; i < work.sequences * work.blocks(); i++) {
            blocks.setAtIndex(JAVA_INT, i, i);
        }
        for (int s = 0; s < work.sequences; s++) {
            int[] slice = {s * work.rows, work.rows, work.context, s * work.blocks()};
            MemorySegment.copy(slice, 0, slices, JAVA_INT, 16L * s, slice.length);
        }
        return new Attention.Batch(slices, blocks, work.sequences, work.sequences * work.rows);
    }

    /** Fills with bf16 numbers around zero; two of them are an f32 of the same size. */
    private static MemorySegment random(MemorySegment memory) {
        SplittableRandom random = new SplittableRandom(5);
        short[] values = new short[1 << 16];
        for (int i = 0; i < values.length; i++) {
            values[i] = Bf16.of((float) (random.nextDouble() * 2 - 1));
        }
        long count = memory.byteSize() / 2;
        for (long at = 0; at < count; at += values.length) {
            MemorySegment.copy(values, 0, memory, JAVA_SHORT, at * 2, (int) Math.min(values.length, count - at));
        }
        return memory;
    }
}
