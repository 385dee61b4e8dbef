package dev.baton.kv;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Makes digests of KV. With x[s,c] the little-endian 32-bit word at position c of slice s, which is the keys, the values or
 * the scales of one KV head of the model,
 *
 * <pre>
 * a = sum over s of P_a[s] * (sum over c of x[s,c] * A[c])  modulo 2^64
 * b = sum over s of P_b[s] * (sum over c of x[s,c] * B[c])
 * </pre>
 *
 * over the words of tokens that count. The constants are those of {@link DigestWeights}. A word belongs to one token, so a
 * digest grows token by token; a slice's weights do not depend on who holds it, so the digests of all ranks add up to that
 * of the whole. What a flipped bit adds does not depend on the data: in blocks of up to 16,384 words no one, two or three
 * flips vanish in both sums, which a test proves over the constants. A tensor reduction makes the same numbers: multiply in
 * 64 bits, sum, multiply, sum. It finds accidents, not attackers: sessions are authenticated.
 *
 * <p>Computed in C where that loads and the bytes lie outside the heap. Any thread.
 */
public final class KvDigester {
    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Words of a piece of {@link #ofBytes}. */
    private static final int PIECE = 16_384;

    private static final DigestShape PIECES = DigestShape.of(0, 1, 1, new int[] {PIECE, 0, 0}, 0);

    private static final long NEXT_PIECE = 0x9E3779B97F4A7C15L;

    private final List<DigestShape> shapes;
    private final KvLayout layout;
    private final @Nullable KvLibrary inC;
    private final MemorySegment layersInC;

    public KvDigester(KvLayout layout) {
        this(layout, KvLibrary.SHIPPED);
    }

    /** @param inC computes it when the bytes lie outside the heap; null: Java does */
    KvDigester(KvLayout layout, @Nullable KvLibrary inC) {
        this.layout = layout;
        this.inC = inC;
        shapes = layout.groups().stream().map(layout::digestShape).toList();
        layersInC = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, 3L * layout.layers());
        for (int layer = 0; layer < layout.layers(); layer++) {
            long[] place = {
                layout.offset(layer, 0),
                layout.layerBlockBytes(layer),
                shape(layer).inC().address()
            };
            MemorySegment.copy(place, 0, layersInC, ValueLayout.JAVA_LONG, 24L * layer, place.length);
        }
    }

    /** For C, where each layer lies in a pool, and its shape. Alive while this is. */
    MemorySegment layersInC() {
        return layersInC;
    }

    /** Of tokens {@code [from, to)} of one block, layer by layer. */
    public List<KvDigest> ofBlock(KvRegion region, int block, int from, int to) {
        if (!region.layout().equals(layout)) {
            throw new IllegalArgumentException("digests of %s by a digester of %s".formatted(region.layout(), layout));
        }
        Objects.checkFromToIndex(from, to, layout.blockTokens());
        Objects.checkIndex(block, layout.blocks());
        int layers = layout.layers();
        if (inC == null || !region.segment().isNative()) {
            return IntStream.range(0, layers)
                    .mapToObj(layer -> rows(layer, region.layerBlock(layer, block), from, to))
                    .toList();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sums = arena.allocate(ValueLayout.JAVA_LONG, 2L * layers);
            inC.digests()
                    .invokeExact(
                            layersInC, (long) layers, region.segment(), (long) block, (long) from, (long) to, sums);
            List<KvDigest> digests = new ArrayList<>(layers);
            for (int layer = 0; layer < layers; layer++) {
                digests.add(new KvDigest(
                        sums.getAtIndex(ValueLayout.JAVA_LONG, 2L * layer),
                        sums.getAtIndex(ValueLayout.JAVA_LONG, 2L * layer + 1)));
            }
            return digests;
        } catch (Throwable e) {
            throw new IllegalStateException("the digests in C failed", e);
        }
    }

    /** Of the first {@code tokens} of one layer of one block. */
    public KvDigest of(int layer, MemorySegment layerBlock, int tokens) {
        return digest(shape(layer), layerBlock, null, 0, tokens, inC);
    }

    /** Of tokens {@code [from, to)}: what they add to the digest of those before them. */
    public KvDigest rows(int layer, MemorySegment layerBlock, int from, int to) {
        return digest(shape(layer), layerBlock, null, from, to, inC);
    }

    /** Copies one layer of one block, past the caches where C does it, and digests the first {@code tokens} on the way. */
    public KvDigest copy(int layer, MemorySegment from, MemorySegment to, int tokens) {
        return digest(shape(layer), from, to, 0, tokens, inC);
    }

    /** Of any bytes, in order; not linear over more than 64 KiB. */
    public static KvDigest ofBytes(MemorySegment bytes) {
        KvDigest digest = new KvDigest(bytes.byteSize(), bytes.byteSize());
        long at = 0;
        for (; at + PIECES.bytes() <= bytes.byteSize(); at += PIECES.bytes()) {
            digest = next(digest, digest(PIECES, bytes.asSlice(at, PIECES.bytes()), null, 0, 1, KvLibrary.SHIPPED));
        }
        if (at < bytes.byteSize()) {
            MemorySegment last = MemorySegment.ofArray(new byte[(int) PIECES.bytes()]);
            MemorySegment.copy(bytes, at, last, 0, bytes.byteSize() - at);
            digest = next(digest, digest(PIECES, last, null, 0, 1, KvLibrary.SHIPPED));
        }
        return digest;
    }

    private static KvDigest next(KvDigest before, KvDigest piece) {
        return new KvDigest(before.a() * NEXT_PIECE + piece.a(), before.b() * NEXT_PIECE + piece.b());
    }

    private DigestShape shape(int layer) {
        return shapes.get(layout.groups().indexOf(layout.group(layer)));
    }

    private static KvDigest digest(
            DigestShape shape,
            MemorySegment source,
            @Nullable MemorySegment copy,
            int from,
            int to,
            @Nullable KvLibrary inC) {
        long size = shape.bytes();
        if (source.byteSize() != size || (copy != null && copy.byteSize() != size)) {
            throw new IllegalArgumentException("digest of %d bytes, copied to %d: a layer of a block has %d"
                    .formatted(source.byteSize(), copy == null ? 0 : copy.byteSize(), size));
        }
        if (from < 0 || to > shape.tokens() || from > to) {
            throw new IllegalArgumentException(
                    "digest of tokens [%d, %d) of a block of %d".formatted(from, to, shape.tokens()));
        }
        if (inC == null || !source.isNative() || (copy != null && !copy.isNative())) {
            if (copy != null) {
                MemorySegment.copy(source, 0, copy, 0, size);
            }
            // Of the copy: what is checked is what was written.
            return inJava(shape, copy == null ? source : copy, from, to);
        }
        MemorySegment written = copy == null ? MemorySegment.NULL : copy;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment digest = arena.allocate(ValueLayout.JAVA_LONG, 2);
            inC.digest().invokeExact(shape.inC(), source, written, (long) from, (long) to, digest);
            return new KvDigest(
                    digest.getAtIndex(ValueLayout.JAVA_LONG, 0), digest.getAtIndex(ValueLayout.JAVA_LONG, 1));
        } catch (Throwable e) {
            throw new IllegalStateException("the digest in C failed", e);
        }
    }

    private static KvDigest inJava(DigestShape shape, MemorySegment bytes, int from, int to) {
        KvDigest digest = KvDigest.ZERO;
        long slice = 0;
        int index = 0;
        for (int kind = 0; kind < DigestShape.KINDS; kind++) {
            int words = shape.words()[kind];
            for (int head = 0; words > 0 && head < shape.heads(); head++, index++) {
                long a = 0;
                long b = 0;
                for (int word = 0; word < words; word++) {
                    for (int token = from; token < to; token++) {
                        int c = shape.turned(kind) ? word * shape.tokens() + token : token * words + word;
                        long x = Integer.toUnsignedLong(bytes.get(WORD, slice + 4L * c));
                        a += x * Integer.toUnsignedLong(shape.a()[c]);
                        b += x * Integer.toUnsignedLong(shape.b()[c]);
                    }
                }
                digest = digest.plus(new KvDigest(shape.pa()[index] * a, shape.pb()[index] * b));
                slice += 4L * words * shape.tokens();
            }
        }
        return digest;
    }
}
