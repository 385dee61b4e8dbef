package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.engine.sampling.Scalars;
import dev.baton.kernel.Kernels.Activation;
import dev.baton.kv.KvDtype;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KernelsTest {
    /** FE_UPWARD of x86-64. */
    private static final int UPWARD = 0x800;

    private final Arena arena = Arena.ofShared();
    private final Random random = new Random(7);
    private final Kernels java = new JavaKernels();
    private final List<Kernels> natives = new ArrayList<>();

    @AfterEach
    void close() {
        natives.forEach(Kernels::close);
        java.close();
        arena.close();
    }

    private List<Kernels> natives(Instructions instructions) {
        if (natives.isEmpty()) {
            instructions.kernels(1, 2, 3).forEach(natives::add);
        }
        return natives;
    }

    @Test
    void aProductIsOneChainOfFusedMultiplyAddsInOrder() {
        Weights weights = weights(WeightType.F32, 19, 37);
        MatrixView a = floats(3, 37);
        MatrixView out = floats(3, 19);
        java.product(weights, a, 3, out);
        for (int n = 0; n < 19; n++) {
            float sum = 0;
            for (int k = 0; k < 37; k++) {
                float w = weights.packed().getAtIndex(JAVA_FLOAT, ((long) n / 16 * 37 + k) * 16 + n % 16);
                sum = Math.fma(a.at().getAtIndex(JAVA_FLOAT, 37 + k), w, sum);
            }
            assertThat(out.at().getAtIndex(JAVA_FLOAT, 19 + n)).isEqualTo(sum + bias(weights, n));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "AVX_512"})
    void productsInCAndJavaHaveTheSameBitsForEveryTypeAndNumberOfRows(Instructions instructions) {
        int[][] shapes = {{16, 8}, {5, 3}, {112, 64}, {33, 257}, {100, 520}, {270, 31}};
        for (WeightType type : WeightType.values()) {
            for (int[] shape : shapes) {
                Weights weights = weights(type, shape[0], shape[1]);
                for (int rows : new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 24, 25, 97, 230}) {
                    MatrixView a = floats(rows, shape[1]);
                    MatrixView expected = zeros(rows, shape[0]);
                    java.product(weights, a, rows, expected);
                    for (Kernels kernels : natives(instructions)) {
                        MatrixView actual = zeros(rows, shape[0]);
                        kernels.product(weights, a, rows, actual);
                        assertSame(actual, expected, "%s %s, %d rows".formatted(kernels.name(), weights.size(), rows));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"C", "AVX2", "AVX_512"})
    void aRowOfAProductDoesNotDependOnTheOtherRows(Instructions instructions) {
        Weights weights = weights(WeightType.BF16, 96, 600);
        MatrixView a = floats(150, 600);
        for (Kernels kernels : natives(instructions)) {
            MatrixView all = zeros(150, 96);
            kernels.product(weights, a, 150, all);
            MatrixView one = zeros(1, 96);
            for (int row = 0; row < 150; row++) {
                kernels.product(weights, new MatrixView(a.at().asSlice(row * 2400L), 600), 1, one);
                assertThat(one.at().mismatch(all.at().asSlice(row * 384L, 384))).isEqualTo(-1);
            }
        }
    }

    @Test
    void packingInCAndJavaIsTheSame() {
        for (WeightType type : List.of(WeightType.BF16, WeightType.F16, WeightType.F32, WeightType.I8)) {
            MemorySegment source = random(37L * 21 * type.bytes());
            MemorySegment expected = arena.allocate(type.packedBytes(37, 21), 64);
            java.pack(type, source, new Kernels.RowRange(0, 37), 21, expected);
            for (Kernels kernels : natives(Instructions.C)) {
                MemorySegment actual = arena.allocate(type.packedBytes(37, 21), 64);
                kernels.pack(type, source, new Kernels.RowRange(0, 20), 21, actual);
                kernels.pack(type, source.asSlice(20L * 21 * type.bytes()), new Kernels.RowRange(20, 17), 21, actual);
                assertThat(actual.mismatch(expected)).isEqualTo(-1);
            }
        }
    }

    /** In the widest form that this CPU has, which the library finds by itself. */
    @Test
    void gatesInCAndJavaHaveTheSameBits() {
        for (Activation activation : Activation.values()) {
            for (int width : new int[] {1, 7, 64, 705}) {
                MatrixView gate = floats(5, width);
                gate.at().setAtIndex(JAVA_FLOAT, 0, -200);
                gate.at().setAtIndex(JAVA_FLOAT, 1, 200);
                MatrixView up = floats(5, width);
                MatrixView expected = zeros(5, width);
                java.activationAndMul(activation, gate, up, expected, new Kernels.Shape(5, width));
                for (Kernels kernels : natives(Instructions.C)) {
                    MatrixView actual = zeros(5, width);
                    kernels.activationAndMul(activation, gate, up, actual, new Kernels.Shape(5, width));
                    assertSame(actual, expected, activation + " " + width);
                }
            }
        }
    }

    @Test
    void theExponentialIsCloseToTheTrueOne() {
        for (float x = -86; x < 87; x += 0.0137f) {
            assertThat(Scalars.exp(x) / Math.exp(x)).isBetween(1 - 3e-7, 1 + 3e-7);
        }
        assertThat(Scalars.exp(Float.NEGATIVE_INFINITY)).isZero();
        assertThat(Scalars.exp(0)).isOne();
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

    /** What C and Java both make, once more and by its definition. */
    @Test
    void blocksAreFoldedWithinSpansOf1024TokensAndThoseInTheirOrder() {
        int block = 64;
        int context = 2500;
        Attention.Heads heads = new Attention.Heads(1, 1, 2, 1);
        Attention.Rule rule = new Attention.Rule(1, 0, 0);
        MatrixView q = floats(1, 2);
        MatrixView k = floats(context, 2);
        MatrixView v = floats(context, 1);
        MatrixView out = zeros(context, 1);
        MatrixView queries = zeros(context, 2);
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
        MatrixView old = floats(1, before.byteSize() / 4);
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
        MatrixView q = floats(rows, (long) heads.heads() * heads.keyDim());
        MatrixView k = floats(rows, (long) heads.kvHeads() * heads.keyDim());
        MatrixView v = floats(rows, (long) heads.kvHeads() * heads.valueDim());
        MemorySegment expectedPool = copy(before);
        MatrixView expected = zeros(rows, (long) heads.heads() * heads.valueDim());
        java.attention(
                heads,
                rule,
                new Attention.Pool(expectedPool, dtype, tokens, blockBytes),
                batch,
                new Attention.Operands(q, k, v, expected));
        for (Kernels kernels : natives(instructions)) {
            MemorySegment pool = copy(before);
            MatrixView actual = zeros(rows, (long) heads.heads() * heads.valueDim());
            kernels.attention(
                    heads,
                    rule,
                    new Attention.Pool(pool, dtype, tokens, blockBytes),
                    batch,
                    new Attention.Operands(q, k, v, actual));
            assertSame(actual, expected, "%s %s %s %s".formatted(kernels.name(), heads, rule, dtype));
            assertThat(pool.mismatch(expectedPool)).isEqualTo(-1);
        }
    }

    @Test
    void theCallersRoundingChangesNoBitAndIsLeftAsItWas() throws Throwable {
        Weights weights = weights(WeightType.BF16, 48, 64);
        MatrixView a = floats(9, 64);
        MatrixView expected = zeros(9, 48);
        java.product(weights, a, 9, expected);
        MethodHandle set = libm("fesetround", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
        MethodHandle get = libm("fegetround", FunctionDescriptor.of(JAVA_INT));
        for (Kernels kernels : natives(Instructions.C)) {
            MatrixView actual = zeros(9, 48);
            int after;
            assertThat((int) set.invokeExact(UPWARD)).isZero();
            try {
                kernels.product(weights, a, 9, actual);
                after = (int) get.invokeExact();
            } finally {
                int nearest = (int) set.invokeExact(0);
                assertThat(nearest).isZero();
            }
            assertThat(after).isEqualTo(UPWARD);
            assertSame(actual, expected, kernels.name());
        }
    }

    private static MethodHandle libm(String name, FunctionDescriptor of) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), of);
    }

    @Test
    void anAttentionThatWouldLeaveItsPoolIsRefused() {
        Attention.Heads heads = new Attention.Heads(1, 1, 16, 16);
        MemorySegment pool = arena.allocate(2 * 16 * 32 * 4, 64);
        MemorySegment slices = arena.allocateFrom(JAVA_INT, 0, 1, 0, 0);
        MatrixView rows = floats(1, 16);
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

    private Weights weights(WeightType type, int n, int k) {
        if (type == WeightType.W8A8) {
            Weights weights = new Weights(
                    type,
                    arena.allocate(type.packedBytes(n, k), 64),
                    new Weights.Size(n, k),
                    floats(1, n).at(),
                    floats(1, n).at());
            java.quantise(WeightType.F32, floats(n, k).at(), new Kernels.RowRange(0, n), weights);
            return weights;
        }
        MemorySegment source = arena.allocate((long) n * k * type.bytes(), 64);
        for (long i = 0; i < (long) n * k; i++) {
            float v = (float) random.nextGaussian();
            switch (type) {
                case BF16 -> source.setAtIndex(JAVA_SHORT, i, Bf16.of(v));
                case F16 -> source.setAtIndex(JAVA_SHORT, i, Float.floatToFloat16(v * 1e-4f));
                case F32 -> source.setAtIndex(JAVA_FLOAT, i, v);
                case I8 -> source.set(JAVA_BYTE, i, (byte) (v * 40));
                case W8A8 -> throw new AssertionError("is made by rounding");
            }
        }
        MemorySegment packed = arena.allocate(type.packedBytes(n, k), 64);
        java.pack(type, source, new Kernels.RowRange(0, n), k, packed);
        return new Weights(
                type,
                packed,
                new Weights.Size(n, k),
                type == WeightType.I8 ? floats(1, n).at() : null,
                floats(1, n).at());
    }

    private static float bias(Weights weights, int n) {
        MemorySegment bias = weights.bias();
        return bias == null ? 0 : bias.getAtIndex(JAVA_FLOAT, n);
    }

    private MatrixView floats(long rows, long width) {
        MatrixView all = zeros(rows, width);
        for (long i = 0; i < rows * width; i++) {
            all.at().setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return all;
    }

    private MatrixView zeros(long rows, long width) {
        return new MatrixView(arena.allocate(rows * width * 4, 64), width);
    }

    private MemorySegment random(long bytes) {
        byte[] content = new byte[(int) bytes];
        random.nextBytes(content);
        return arena.allocate(bytes, 64).copyFrom(MemorySegment.ofArray(content));
    }

    private MemorySegment copy(MemorySegment of) {
        return arena.allocate(of.byteSize(), 64).copyFrom(of);
    }

    private static void assertSame(MatrixView actual, MatrixView expected, String what) {
        assertThat(actual.at().mismatch(expected.at())).as(what).isEqualTo(-1);
    }
}
