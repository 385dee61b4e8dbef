package dev.baton.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.baton.kv.KvDtype;
import dev.baton.kv.ffm.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The kernels in C with a team of threads; a caller's mistake is found here, C checks nothing. */
public final class NativeKernels implements Kernels {
    private static final long ATTENTION_BYTES = 144;

    private final Library library;
    private final int level;
    private final List<MemorySegment> allocated = new ArrayList<>();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment attention = arena.allocate(ATTENTION_BYTES, 8);
    private final NativeInt8 int8;
    private MemorySegment team;

    NativeKernels(int threads) {
        this(threads, Integer.MAX_VALUE);
    }

    /** With at most that level of instructions: 0 plain C, 1 AVX2, 2 AVX-512. */
    NativeKernels(int threads, int atMost) {
        library = Library.loaded();
        try {
            level = Math.min(floatLevel(), atMost);
            int8 = new NativeInt8(library.int8, atMost);
            team = (MemorySegment) library.open.invokeExact(threads);
        } catch (Throwable e) {
            throw failed(e);
        }
        if (team.address() == 0) {
            throw new IllegalStateException(
                    "the system refused %d threads, or memory for them, for the kernels".formatted(threads));
        }
    }

    /** Whether the library for this system ships and loads. */
    public static boolean available() {
        return Library.LOADED != null;
    }

    /** What this CPU has for products of floats and for attention, numbered as above. */
    static int floatLevel() {
        return level(Library.loaded().level);
    }

    /** What this CPU has for products of int8: as above, but 2 is AVX-512 with dot products of bytes. */
    static int int8Level() {
        return level(Library.loaded().int8.level());
    }

    private static int level(MethodHandle of) {
        try {
            return (int) of.invokeExact();
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public String name() {
        return switch (level) {
            case 0 -> "C";
            case 1 -> "C, AVX2";
            default -> "C, AVX-512";
        };
    }

    @Override
    public MemorySegment allocate(long bytes) {
        try {
            MemorySegment at = (MemorySegment) library.allocate.invokeExact(bytes);
            if (at.address() == 0) {
                throw new OutOfMemoryError("no %d bytes of native memory for weights".formatted(bytes));
            }
            MemorySegment segment = at.reinterpret(bytes);
            allocated.add(segment);
            return segment;
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public void pack(WeightType type, MemorySegment source, RowRange span, long inputs, MemorySegment packed) {
        if (type == WeightType.W8A8
                || type.grouped()
                || source.byteSize() < span.rows() * inputs * type.bytes()
                || packed.byteSize() < type.packedBytes(span.from() + span.rows(), inputs)) {
            throw new IllegalArgumentException(
                    "packing %s of %d inputs as %s: a segment is too short, or such weights are not packed element by element"
                            .formatted(span, inputs, type));
        }
        try {
            library.pack.invokeExact(type.ordinal(), source, span.from(), span.from() + span.rows(), inputs, packed);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public void quantise(WeightType stored, MemorySegment source, RowRange span, Weights to) {
        if (stored.scaled()
                || stored.grouped()
                || !to.type().scaled()
                || source.byteSize() < span.rows() * to.size().inputs() * stored.bytes()
                || span.from() + span.rows() > to.size().outputs()) {
            throw new IllegalArgumentException(
                    "%s of %s do not become %s of %s".formatted(span, stored, to.size(), to.type()));
        }
        try {
            int8.quantise(team, stored, source, span, to);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public void product(Weights w, MatrixView a, int rows, MatrixView out) {
        if (w.type() == WeightType.W8A8) {
            try {
                int8.product(team, w, a, rows, out);
            } catch (Throwable e) {
                throw failed(e);
            }
            return;
        }
        if (w.type().grouped()) {
            try {
                library.groups.product(team, level, w, a, rows, out);
                requireScratch();
            } catch (Throwable e) {
                throw failed(e);
            }
            return;
        }
        long n = w.size().outputs();
        long k = w.size().inputs();
        MemorySegment from = a.holding(rows, k);
        MemorySegment to = out.holding(rows, n);
        try {
            library.product.invokeExact(
                    team,
                    level,
                    w.type().ordinal(),
                    w.packed(),
                    orNull(w.scale()),
                    n,
                    k,
                    from,
                    a.stride(),
                    (long) rows,
                    orNull(w.bias()),
                    to,
                    out.stride());
            requireScratch();
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public void activationAndMul(Activation activation, MatrixView gate, MatrixView up, MatrixView out, Shape extent) {
        if (gate.stride() != up.stride()) {
            throw new IllegalArgumentException("gate and up lie at different strides");
        }
        MemorySegment g = gate.holding(extent.rows(), extent.width());
        MemorySegment u = up.holding(extent.rows(), extent.width());
        MemorySegment o = out.holding(extent.rows(), extent.width());
        try {
            library.gate.invokeExact(
                    team,
                    activation.ordinal(),
                    g,
                    u,
                    o,
                    (long) extent.rows(),
                    (long) extent.width(),
                    gate.stride(),
                    out.stride());
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public void softcap(MatrixView x, Shape extent, float cap) {
        try {
            library.rows.softcap(team, x, extent, cap);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public void addRmsNorm(AddRmsNorm of) {
        try {
            library.rows.addRmsNorm(team, of);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public void applyRope(ApplyRope of) {
        try {
            library.rows.applyRope(team, of);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public void attention(
            Attention.Heads heads,
            Attention.Rule rule,
            Attention.Pool pool,
            Attention.Batch batch,
            Attention.Operands of) {
        AttentionCheck.check(heads, pool, batch, of);
        MemorySegment s = attention;
        s.set(ADDRESS, 0, of.query().at());
        s.set(ADDRESS, 8, of.key().at());
        s.set(ADDRESS, 16, of.value().at());
        s.set(ADDRESS, 24, of.out().at());
        s.set(ADDRESS, 32, pool.layer());
        s.set(ADDRESS, 40, batch.blocks());
        s.set(ADDRESS, 48, batch.slices());
        s.set(JAVA_LONG, 56, of.query().stride());
        s.set(JAVA_LONG, 64, of.key().stride());
        s.set(JAVA_LONG, 72, of.value().stride());
        s.set(JAVA_LONG, 80, of.out().stride());
        s.set(JAVA_LONG, 88, pool.blockBytes());
        s.set(JAVA_INT, 96, batch.count());
        s.set(JAVA_INT, 100, pool.dtype() == KvDtype.F32 ? 2 : 0);
        s.set(JAVA_INT, 104, heads.heads());
        s.set(JAVA_INT, 108, heads.kvHeads());
        s.set(JAVA_INT, 112, heads.keyDim());
        s.set(JAVA_INT, 116, heads.valueDim());
        s.set(JAVA_INT, 120, pool.blockTokens());
        s.set(JAVA_INT, 124, rule.window());
        s.set(JAVA_FLOAT, 128, rule.scale());
        s.set(JAVA_FLOAT, 132, rule.softcap());
        s.set(JAVA_INT, 136, level);
        try {
            library.attention.invokeExact(team, s);
            requireScratch();
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** The step that asked fails; the next may find memory again. */
    private void requireScratch() throws Throwable {
        long refused = (long) library.refused.invokeExact(team);
        if (refused > 0) {
            throw new IllegalStateException(
                    "no memory for the %d bytes of scratch that each kernel thread needs".formatted(refused));
        }
    }

    /** Reads the memory once. */
    float measureRead(MemorySegment memory) {
        try {
            return (float) library.measureRead.invokeExact(team, memory, memory.byteSize());
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** {@code tasks * rounds * 96} fused multiply-adds. */
    float measureFma(long tasks, long rounds) {
        try {
            return (float) library.measureFma.invokeExact(team, tasks, rounds);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** {@code tasks * rounds * 768} multiply-adds of bytes; 0 where the CPU has no instruction for them. */
    int measureDot(long tasks, long rounds) {
        try {
            return (int) library.measureDot.invokeExact(team, tasks, rounds);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    @Override
    public void close() {
        if (team.address() == 0) {
            return;
        }
        try {
            library.close.invokeExact(team);
            team = MemorySegment.NULL;
            for (MemorySegment segment : allocated) {
                library.release.invokeExact(segment, segment.byteSize());
            }
        } catch (Throwable e) {
            throw failed(e);
        }
        allocated.clear();
        int8.close();
        arena.close();
    }

    private static MemorySegment orNull(@Nullable MemorySegment segment) {
        return segment == null ? MemorySegment.NULL : segment;
    }

    private static RuntimeException failed(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return e instanceof RuntimeException r ? r : new IllegalStateException("calling a kernel", e);
    }

    /** The functions of libbaton. */
    private record Library(
            MethodHandle level,
            MethodHandle open,
            MethodHandle close,
            MethodHandle refused,
            MethodHandle allocate,
            MethodHandle release,
            MethodHandle pack,
            MethodHandle product,
            NativeGroups groups,
            MethodHandle gate,
            NativeRowOps rows,
            MethodHandle attention,
            NativeInt8.Functions int8,
            MethodHandle measureRead,
            MethodHandle measureFma,
            MethodHandle measureDot) {
        static final @Nullable Library LOADED = load();

        static Library loaded() {
            Library library = LOADED;
            if (library == null) {
                throw new IllegalStateException("the C kernels do not load on this system");
            }
            return library;
        }

        private static @Nullable Library load() {
            NativeLibrary lib = BatonLibrary.KERNELS;
            return lib == null
                    ? null
                    : new Library(
                            lib.function("baton_level", FunctionDescriptor.of(JAVA_INT)),
                            lib.function("baton_pool_open", FunctionDescriptor.of(ADDRESS, JAVA_INT)),
                            lib.function("baton_pool_close", FunctionDescriptor.ofVoid(ADDRESS)),
                            lib.function("baton_pool_refused", FunctionDescriptor.of(JAVA_LONG, ADDRESS)),
                            lib.function("baton_allocate", FunctionDescriptor.of(ADDRESS, JAVA_LONG)),
                            lib.function("baton_release", FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG)),
                            lib.function(
                                    "baton_pack",
                                    FunctionDescriptor.ofVoid(
                                            JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS)),
                            lib.function(
                                    "baton_product",
                                    FunctionDescriptor.ofVoid(
                                            ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG,
                                            ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG)),
                            NativeGroups.of(lib),
                            lib.function(
                                    "baton_activation_and_mul",
                                    FunctionDescriptor.ofVoid(
                                            ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG,
                                            JAVA_LONG, JAVA_LONG)),
                            NativeRowOps.of(lib),
                            lib.function("baton_attention", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS)),
                            NativeInt8.Functions.of(lib),
                            lib.function(
                                    "baton_measure_read",
                                    FunctionDescriptor.of(JAVA_FLOAT, ADDRESS, ADDRESS, JAVA_LONG)),
                            lib.function(
                                    "baton_measure_fma",
                                    FunctionDescriptor.of(JAVA_FLOAT, ADDRESS, JAVA_LONG, JAVA_LONG)),
                            lib.function(
                                    "baton_measure_dot",
                                    FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG)));
        }
    }
}
