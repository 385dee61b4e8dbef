package dev.baton.kv;

import java.util.HexFormat;

/**
 * Digest of tokens of one layer of one block: two sums modulo 2^64 over 32-bit words, made by {@link KvDigester}. Both are
 * linear: digests of different tokens of a block, or of different heads of it, add up to the digest of all.
 */
public record KvDigest(long a, long b) {
    /** Bytes of a digest, where it is stored. */
    public static final int BYTES = 16;

    /** Of no tokens. */
    public static final KvDigest ZERO = new KvDigest(0, 0);

    public KvDigest plus(KvDigest other) {
        return new KvDigest(a + other.a, b + other.b);
    }

    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(a) + HexFormat.of().toHexDigits(b);
    }
}
