package dev.baton.kv;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/** Content address of a full block: SHA-256 over parent, token ids, tenant salt and model fingerprint, cut to 128 bits. */
public record BlockHash(long high, long low) {
    /** The first 16 bytes of a digest. */
    public static BlockHash of(byte[] digest) {
        ByteBuffer buffer = ByteBuffer.wrap(digest);
        return new BlockHash(buffer.getLong(), buffer.getLong());
    }

    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
    }
}
