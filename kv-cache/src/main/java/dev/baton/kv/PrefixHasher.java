package dev.baton.kv;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Names full blocks by content. The name of a block is SHA-256 over its parent's name (16 bytes, zeros for the first
 * block), the model's fingerprint (8 bytes), the length of the tenant's salt (4 bytes), the salt and the block's token
 * ids (4 bytes each), all little-endian, cut to 128 bits. Equal names mean equal tokens from the start of the sequence
 * on, under one tenant and one model. One thread at a time.
 */
public final class PrefixHasher {
    private final byte[] salt;
    private final long fingerprint;
    private final int blockTokens;
    private final MessageDigest sha256;
    private final ByteBuffer message;

    public PrefixHasher(byte[] tenantSalt, long modelFingerprint, int blockTokens) {
        if (blockTokens < 1) {
            throw new IllegalArgumentException("block of %d tokens".formatted(blockTokens));
        }
        this.salt = tenantSalt.clone();
        this.fingerprint = modelFingerprint;
        this.blockTokens = blockTokens;
        this.message =
                ByteBuffer.allocate(16 + 8 + 4 + salt.length + 4 * blockTokens).order(ByteOrder.LITTLE_ENDIAN);
        try {
            this.sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK brings SHA-256", e);
        }
    }

    /** Names of the full blocks of a sequence; tokens after the last full block have none. */
    public List<BlockHash> chain(int[] tokens) {
        return extend(new ArrayList<>(), at -> tokens[at], tokens.length);
    }

    /** Adds to a chain the names of the full blocks of {@code length} tokens that it lacks, and returns it. */
    public List<BlockHash> extend(List<BlockHash> chain, IntUnaryOperator token, int length) {
        for (int block = chain.size(); (block + 1) * blockTokens <= length; block++) {
            chain.add(next(chain.isEmpty() ? null : chain.getLast(), token, block * blockTokens));
        }
        return chain;
    }

    private BlockHash next(@Nullable BlockHash parent, IntUnaryOperator token, int from) {
        message.clear();
        message.putLong(parent == null ? 0 : parent.high()).putLong(parent == null ? 0 : parent.low());
        message.putLong(fingerprint).putInt(salt.length).put(salt);
        for (int i = 0; i < blockTokens; i++) {
            message.putInt(token.applyAsInt(from + i));
        }
        return BlockHash.of(sha256.digest(message.array()));
    }
}
