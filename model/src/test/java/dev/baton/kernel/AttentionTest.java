package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.sampling.Scalars;
import dev.baton.kv.KvDtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Attention over a pool of blocks: C against Java, and Java against the definition. */
class AttentionTest {
    private final Arena arena = Arena.ofShared();
    private final Random random = new Random(7);
    private final Matrices matrices = new Matrices(arena, random);
    private final Kernels java = new JavaKernels();
    private final OpenKernels natives = new OpenKernels(1, 2, 3);

    @AfterEach
    void close() {
        natives.close();
        java.close();
        arena.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "AVX_512"})
    void attentionInCAndJavaHasTheSameBits(Instructions instructions) {
        int[][] mixed = {{0, 1, 37}, {1, 40, 3}, {41, 5, 0}};
        // Few enough for their tiles to be shared out among threads.
        int[][] one = {{0, 1, 100}};
        int[][] two = {{0, 1, 31}, {1, 1, 79}};
        Attention.Rule plain = new Attention.Rule(0.125f, 0, 0);
        Attention.Rule windowed = new Attention.Rule(0.3f, 0, 9);
        Attention.Rule capped = new Attention.Rule(1, 5, 0);
        for (KvDtype dtype : List.of(KvDtype.BF16, KvDtype.F32)) {
            for (Attention.Rule rule : List.of(plain, windowed, capped)) {
                for (Attention.Heads heads : List.of(
                        new Attention.Heads(4, 2, 32, 32),
                        new Attention.Heads(3, 3, 64, 64),
                        new Attention.Heads(6, 1, 20, 20),
                        new Attention.Heads(2, 1, 6, 5),
                        new Attention.Heads(9, 3, 80, 48))) {
                    for (int[][] slices : List.of(mixed, one, two)) {
                        sameAttention(instructions, dtype, rule, heads, slices, 16);
                        sameAttention(instructions, dtype, rule, heads, slices, 64);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "AVX_512"})
    void attentionOverSeveralSpansInCAndJavaHasTheSameBits(Instructions instructions) {
        // Rows on both sides of a span's end; one row, whose spans or tiles are shared out among threads; both at once.
        int[][] chunk = {{0, 5, 2046}};
        int[][] one = {{0, 1, 2600}};
        int[][] two = {{0, 1, 1023}, {1, 1, 3500}};
        int[][] mixed = {{0, 1, 2049}, {1, 70, 1000}, {71, 3, 0}};
        Attention.Rule plain = new Attention.Rule(0.125f, 0, 0);
        // Spans that a row sees from their middle on, that only some rows see, or that lie before all of them.
        Attention.Rule windowed = new Attention.Rule(0.2f, 0, 1500);
        Attention.Rule narrow = new Attention.Rule(0.2f, 0, 60);
        Attention.Rule capped = new Attention.Rule(0.5f, 5, 0);
        Attention.Heads grouped = new Attention.Heads(3, 1, 32, 32);
        Attention.Heads separate = new Attention.Heads(2, 2, 16, 48);
        Attention.Heads wide = new Attention.Heads(20, 1, 8, 16);
        for (Attention.Rule rule : List.of(plain, windowed, narrow, capped)) {
            for (int[][] slices : List.of(chunk, one, two, mixed)) {
                sameAttention(instructions, KvDtype.BF16, rule, grouped, slices, 64);
            }
            sameAttention(instructions, KvDtype.BF16, rule, separate, two, 16);
            sameAttention(instructions, KvDtype.F32, rule, grouped, one, 64);
            sameAttention(instructions, KvDtype.BF16, rule, wide, two, 24);
        }
        sameAttention(instructions, KvDtype.BF16, windowed, grouped, mixed, 2048);
        sameAttention(instructions, KvDtype.BF16, plain, grouped, one, 1000);
    }

    /** Query heads of a KV head are shared out where they are more than one task takes. */
    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "AVX_512"})
    void attentionOfLargeGroupsInCAndJavaHasTheSameBits(Instructions instructions) {
        Attention.Rule plain = new Attention.Rule(0.3f, 0, 0);
        Attention.Rule windowed = new Attention.Rule(0.3f, 0, 40);
        for (int group : new int[] {65, 128, 192, 193, 400}) {
            Attention.Heads shared = new Attention.Heads(2 * group, 2, 8, 16);
            for (Attention.Rule rule : List.of(plain, windowed)) {
                sameAttention(instructions, KvDtype.BF16, rule, shared, new int[][] {{0, 5, 60}, {5, 1, 130}}, 64);
            }
            Attention.Heads one = new Attention.Heads(group, 1, 8, 16);
            sameAttention(instructions, KvDtype.BF16, plain, one, new int[][] {{0, 1, 2100}}, 64);
            sameAttention(instructions, KvDtype.F32, plain, one, new int[][] {{0, 1, 150}}, 16);
        }
    }

    /** What C and Java both make, once more and by its definition. */
    @Test
    void blocksAreFoldedWithinSpansOf1024TokensAndThoseInTheirOrder() {
        int block = 64;
        int context = 2500;
        Attention.Heads heads = new Attention.Heads(1, 1, 2, 1);
        Attention.Rule rule = new Attention.Rule(1, 0, 0);
        MatrixView q = matrices.floats(1, 2);
        MatrixView k = matrices.floats(context, 2);
        MatrixView v = matrices.floats(context, 1);
        MatrixView out = matrices.zeros(context, 1);
        MatrixView queries = matrices.zeros(context, 2);
        queries.at().setAtIndex(JAVA_FLOAT, 2L * (context - 1), q.at().getAtIndex(JAVA_FLOAT, 0));
        queries.at().setAtIndex(JAVA_FLOAT, 2L * (context - 1) + 1, q.at().getAtIndex(JAVA_FLOAT, 1));
        int blocks = Math.ceilDiv(context, block);
        java.attention(
                heads,
                rule,
                new Attention.Pool(arena.allocate(3L * block * 4 * blocks, 64), KvDtype.F32, block, 3L * block * 4),
                new Attention.Batch(
                        arena.allocateFrom(JAVA_INT, 0, context, 0, 0),
                        arena.allocateFrom(JAVA_INT, IntStream.range(0, blocks).toArray()),
                        1,
                        context),
                new Attention.Operands(queries, k, v, out));
        float[] all = {Float.NEGATIVE_INFINITY, 0, 0};
        for (int span = 0; span < context; span += 1024) {
            float[] ofSpan = {Float.NEGATIVE_INFINITY, 0, 0};
            for (int tile = span; tile < Math.min(context, span + 1024); tile += block) {
                fold(ofSpan, tile(q, k, v, tile, Math.min(context, tile + block)));
            }
            fold(all, ofSpan);
        }
        assertThat(out.at().getAtIndex(JAVA_FLOAT, context - 1)).isEqualTo(all[2] / all[1]);
    }

    /** Maximum, sum of weights, weighted value. */
    private static float[] tile(MatrixView q, MatrixView k, MatrixView v, int from, int to) {
        float[] score = new float[to - from];
        float most = Float.NEGATIVE_INFINITY;
        for (int t = from; t < to; t++) {
            float first = q.at().getAtIndex(JAVA_FLOAT, 0) * k.at().getAtIndex(JAVA_FLOAT, 2L * t);
            score[t - from] =
                    Math.fma(q.at().getAtIndex(JAVA_FLOAT, 1), k.at().getAtIndex(JAVA_FLOAT, 2L * t + 1), first);
            most = Math.max(most, score[t - from]);
        }
        float[] lane = new float[16];
        float value = 0;
        for (int t = from; t < to; t++) {
            float weight = Scalars.exp(score[t - from] - most);
            lane[(t - from) % 16] += weight;
            value = Math.fma(weight, v.at().getAtIndex(JAVA_FLOAT, t), value);
        }
        for (int width = 8; width > 0; width /= 2) {
            for (int i = 0; i < width; i++) {
                lane[i] += lane[i + width];
            }
        }
        return new float[] {most, lane[0], value};
    }

    private static void fold(float[] into, float[] next) {
        if (into[0] == Float.NEGATIVE_INFINITY) {
            System.arraycopy(next, 0, into, 0, 3);
            return;
        }
        float top = Math.max(into[0], next[0]);
        float old = Scalars.exp(into[0] - top);
        float fresh = Scalars.exp(next[0] - top);
        into[0] = top;
        into[1] = Math.fma(into[1], old, next[1] * fresh);
        into[2] = Math.fma(into[2], old, next[2] * fresh);
    }

    /** @param slices of each its first row, its rows and the position of the first */
    private void sameAttention(
            Instructions instructions,
            KvDtype dtype,
            Attention.Rule rule,
            Attention.Heads heads,
            int[][] slices,
            int tokens) {
        MemorySegment flat = arena.allocate(JAVA_INT, slices.length * 4L);
        int entries = 0;
        for (int i = 0; i < slices.length; i++) {
            for (int part = 0; part < 3; part++) {
                flat.setAtIndex(JAVA_INT, i * 4L + part, slices[i][part]);
            }
            flat.setAtIndex(JAVA_INT, i * 4L + 3, entries);
            entries += Math.ceilDiv(slices[i][2] + slices[i][1], tokens);
        }
        List<Integer> blocks =
                new ArrayList<>(IntStream.range(0, entries + 1).boxed().toList());
        Collections.shuffle(blocks, random);
        int rows = slices[slices.length - 1][0] + slices[slices.length - 1][1];
        long blockBytes = (long) heads.kvHeads() * (heads.keyDim() + heads.valueDim()) * tokens * dtype.bytes();
        MemorySegment before = arena.allocate(blockBytes * blocks.size(), 64);
        MatrixView old = matrices.floats(1, before.byteSize() / 4);
        for (long i = 0; i < before.byteSize() / dtype.bytes(); i++) {
            float v = old.at().getAtIndex(JAVA_FLOAT, i % (before.byteSize() / 4));
            if (dtype == KvDtype.F32) {
                before.setAtIndex(JAVA_FLOAT, i, v);
            } else {
                before.setAtIndex(JAVA_SHORT, i, Bf16.of(v));
            }
        }
        MemorySegment table = arena.allocateFrom(
                JAVA_INT, blocks.stream().mapToInt(block -> block).toArray());
        Attention.Batch batch = new Attention.Batch(flat, table, slices.length, rows);
        MatrixView q = matrices.floats(rows, (long) heads.heads() * heads.keyDim());
        MatrixView k = matrices.floats(rows, (long) heads.kvHeads() * heads.keyDim());
        MatrixView v = matrices.floats(rows, (long) heads.kvHeads() * heads.valueDim());
        MemorySegment expectedPool = matrices.copy(before);
        MatrixView expected = matrices.zeros(rows, (long) heads.heads() * heads.valueDim());
        java.attention(
                heads,
                rule,
                new Attention.Pool(expectedPool, dtype, tokens, blockBytes),
                batch,
                new Attention.Operands(q, k, v, expected));
        for (Kernels kernels : natives.with(instructions)) {
            MemorySegment pool = matrices.copy(before);
            MatrixView actual = matrices.zeros(rows, (long) heads.heads() * heads.valueDim());
            kernels.attention(
                    heads,
                    rule,
                    new Attention.Pool(pool, dtype, tokens, blockBytes),
                    batch,
                    new Attention.Operands(q, k, v, actual));
            Matrices.assertSame(actual, expected, "%s %s %s %s".formatted(kernels.name(), heads, rule, dtype));
            assertThat(pool.mismatch(expectedPool)).isEqualTo(-1);
        }
    }

    @Test
    void anAttentionThatWouldLeaveItsPoolIsRefused() {
        Attention.Heads heads = new Attention.Heads(1, 1, 16, 16);
        MemorySegment pool = arena.allocate(2 * 16 * 32 * 4, 64);
        MemorySegment slices = arena.allocateFrom(JAVA_INT, 0, 1, 0, 0);
        MatrixView rows = matrices.floats(1, 16);
        for (int block : new int[] {-1, 2}) {
            Attention.Batch batch = new Attention.Batch(slices, arena.allocateFrom(JAVA_INT, block), 1, 1);
            assertThatThrownBy(() -> java.attention(
                            heads,
                            new Attention.Rule(1, 0, 0),
                            new Attention.Pool(pool, KvDtype.F32, 16, 16 * 32 * 4),
                            batch,
                            new Attention.Operands(rows, rows, rows, rows)))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }
}
