package dev.baton.gateway.dispatch;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.function.IntToLongFunction;

/**
 * The nonces of one request's attempts: a digest of a random seed and the attempt's number. A worker that has seen some of
 * them cannot tell the next.
 */
final class AttemptNonces implements IntToLongFunction {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int SEED_BYTES = 16;

    private final byte[] seed = new byte[SEED_BYTES];

    AttemptNonces() {
        RANDOM.nextBytes(seed);
    }

    @Override
    public long applyAsLong(int attempt) {
        byte[] said = ByteBuffer.allocate(SEED_BYTES + Integer.BYTES)
                .put(seed)
                .putInt(attempt)
                .array();
        try {
            return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(said))
                    .getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
