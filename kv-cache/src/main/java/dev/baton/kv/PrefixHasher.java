package dev.baton.kv;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Names full blocks by content. The name of a block is SHA-256 over its parent's name (16 bytes, zeros for the first
 * block), the model's fingerprint (8 bytes), the length of the tenant's salt (4 bytes), the salt and the block's token
 * ids (4 bytes each), all little-endian, cut to 128 bits. With an adapter the length of the salt has its highest bit set, and
 * the length of the adapter's id (4 bytes) and the id in UTF-8 stand behind the salt. Equal names mean equal tokens from the
 * start of the sequence on, under one tenant, one model and one adapter. One thread at a time.
 */
public final class PrefixHasher {
    private static final int WITH_ADAPTER = 1 << 31;

    private final byte[] salt;
    private final byte[] adapter;
    private final long fingerprint;
    private final int blockTokens;
    private final MessageDigest sha256;
    private final ByteBuffer message;

    /** Of the model without an adapter. */
    public PrefixHasher(byte[] tenantSalt, long modelFingerprint, int blockTokens) {
        this(tenantSalt, modelFingerprint, "", blockTokens);
    }

    /** @param adapterId what changes the weights of the model, so that the same tokens give another KV; empty for none */
    public PrefixHasher(byte[] tenantSalt, long modelFingerprint, String adapterId, int blockTokens) {
        if (blockTokens < 1) {
            throw new IllegalArgumentException("block of %d tokens".formatted(blockTokens));
        }
        this.salt = tenantSalt.clone();
        this.adapter = adapterId.getBytes(StandardCharsets.UTF_8);
        this.fingerprint = modelFingerprint;
        this.blockTokens = blockTokens;
        int named = adapter.length == 0 ? 0 : 4 + adapter.length;
        this.message = ByteBuffer.allocate(16 + 8 + 4 + salt.length + named + 4 * blockTokens)
                .order(ByteOrder.LITTLE_ENDIAN);
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
        message.putLong(fingerprint);
        if (adapter.length == 0) {
            message.putInt(salt.length).put(salt);
        } else {
            message.putInt(salt.length | WITH_ADAPTER)
                    .put(salt)
                    .putInt(adapter.length)
                    .put(adapter);
        }
        for (int i = 0; i < blockTokens; i++) {
            message.putInt(token.applyAsInt(from + i));
        }
        return BlockHash.of(sha256.digest(message.array()));
    }
}
