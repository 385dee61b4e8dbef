package dev.baton.kv;

import dev.baton.kv.ffm.NativeLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The digest of one layer of one block: the sum over its 64-bit little-endian words w[i] of {@code w[i] * (2i + 1)},
 * modulo 2^64. Odd weights are invertible, so one changed word always shows, as does any swap of unequal words whose
 * difference is not a multiple of a high power of two. A tensor reduction on a GPU computes the same number. It finds
 * accidents, not attackers: sessions are authenticated.
 *
 * <p>Computed without multiplying: the words go round eight lanes; each lane keeps the sum s of its words and the sum t
 * of all its s so far. After n words of a lane, t has counted word k of the lane (n - k) times, so {@code n * s - t}
 * is the sum of {@code k * w}, and word k of lane j has the weight {@code 2 * (8k + j) + 1}. In C where that loads.
 */
public record KvDigest(long a, long b) {
    /** Of no tokens. */
    public static final KvDigest ZERO = new KvDigest(0, 0);

    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    /** A copied piece is digested while it is in the second-level cache. */
    private static final long PIECE = 64 << 10;

    private static final int ROW = 64;

    private static final @Nullable MethodHandle IN_C = inC(NativeLibrary.shipped("libbatonkv.so"));

    /** Of the tokens of both: digests of different tokens of one layer of one block add up. */
    public KvDigest plus(KvDigest other) {
        return new KvDigest(a + other.a, b + other.b);
    }

    /** Digest of a segment whose length is a multiple of 8 bytes. */
    public static long of(MemorySegment bytes) {
        return digest(bytes, null, IN_C);
    }

    /** Copies a segment, past the caches where C does it, and digests the words that it writes. */
    public static long copy(MemorySegment from, MemorySegment to) {
        if (from.byteSize() != to.byteSize()) {
            throw new IllegalArgumentException("copy of %d bytes into %d".formatted(from.byteSize(), to.byteSize()));
        }
        return digest(to, from, IN_C);
    }

    static @Nullable MethodHandle inC(@Nullable NativeLibrary library) {
        return library == null
                ? null
                : library.function(
                        "baton_kv_digest",
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_LONG,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                ValueLayout.JAVA_LONG));
    }

    /**
     * Digest of {@code bytes}, after {@code source} was copied there.
     *
     * @param inC computes it when both lie outside the heap; null: Java does
     */
    static long digest(MemorySegment bytes, @Nullable MemorySegment source, @Nullable MethodHandle inC) {
        long size = bytes.byteSize();
        if ((size & 7) != 0) {
            throw new IllegalArgumentException("digest of %d bytes: not a multiple of 8".formatted(size));
        }
        if (inC == null || !bytes.isNative() || (source != null && !source.isNative())) {
            return inJava(bytes, source);
        }
        MemorySegment from = source == null ? bytes : source;
        MemorySegment copy = source == null ? MemorySegment.NULL : bytes;
        try {
            return (long) inC.invokeExact(from, copy, size);
        } catch (Throwable e) {
            throw new IllegalStateException("the digest in C failed", e);
        }
    }

    private static long inJava(MemorySegment bytes, @Nullable MemorySegment source) {
        long size = bytes.byteSize();
        long s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
        long t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0, t6 = 0, t7 = 0;
        for (long start = 0; start < size; start += PIECE) {
            long length = Math.min(PIECE, size - start);
            MemorySegment piece = bytes.asSlice(start, length);
            if (source != null) {
                MemorySegment.copy(source, start, piece, 0, length);
            }
            int rows = (int) length / ROW;
            for (int row = 0; row < rows; row++) {
                long at = (long) row * ROW;
                t0 += s0 += piece.get(WORD, at);
                t1 += s1 += piece.get(WORD, at + 8);
                t2 += s2 += piece.get(WORD, at + 16);
                t3 += s3 += piece.get(WORD, at + 24);
                t4 += s4 += piece.get(WORD, at + 32);
                t5 += s5 += piece.get(WORD, at + 40);
                t6 += s6 += piece.get(WORD, at + 48);
                t7 += s7 += piece.get(WORD, at + 56);
            }
        }
        long rows = size / ROW;
        long s = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7;
        long t = t0 + t1 + t2 + t3 + t4 + t5 + t6 + t7;
        long digest = s0 + 3 * s1 + 5 * s2 + 7 * s3 + 9 * s4 + 11 * s5 + 13 * s6 + 15 * s7 + 16 * (rows * s - t);
        for (long at = rows * ROW; at < size; at += 8) {
            digest += bytes.get(WORD, at) * (at / 4 + 1);
        }
        return digest;
    }
}
