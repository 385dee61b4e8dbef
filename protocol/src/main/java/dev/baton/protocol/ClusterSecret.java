package dev.baton.protocol;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The secret that the processes of one cluster share. It never crosses the wire and is never printed: a holder
 * proves it with an HMAC-SHA256 over what it says. An empty one keeps no caller out: all sign with a known key then,
 * which is right only while everything listens on loopback.
 */
public final class ClusterSecret {
    /** Property that holds the secret. */
    public static final String SETTING = "baton.cluster.secret";

    /** Characters of the shortest secret: who has seen a proof can try guesses for as long as it takes. */
    public static final int SHORTEST = 16;

    /** Bytes of a challenge. */
    public static final int NONCE_BYTES = 32;

    private static final String ALGORITHM = "HmacSHA256";
    private static final SecureRandom RANDOM = new SecureRandom();

    private final SecretKeySpec key;
    private final boolean none;

    /** @throws IllegalArgumentException when it is neither empty nor of {@link #SHORTEST} characters */
    public ClusterSecret(String text) {
        if (!text.isEmpty() && text.length() < SHORTEST) {
            throw new IllegalArgumentException(
                    "%s has %d characters: set one of at least %d, the same on all gateways and workers"
                            .formatted(SETTING, text.length(), SHORTEST));
        }
        this.none = text.isEmpty();
        this.key = new SecretKeySpec((none ? "no secret" : text).getBytes(StandardCharsets.UTF_8), ALGORITHM);
    }

    /** True when none is set. */
    public boolean isNone() {
        return none;
    }

    /** A challenge: 32 random bytes. */
    public static ByteString nonce() {
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        return ByteString.copyFrom(nonce);
    }

    /**
     * Signs something that stands for itself, with no challenge.
     *
     * @param purpose keeps a proof made for one thing from serving another
     */
    public ByteString proof(Purpose purpose, ByteString said) {
        return ByteString.copyFrom(mac(purpose, ByteString.EMPTY, said));
    }

    /**
     * Signs what is said in answer to a peer's challenge.
     *
     * @throws IllegalArgumentException when the challenge does not have 32 bytes: with any other length, what is signed
     *     could be read as another message
     */
    public ByteString proof(Purpose purpose, ByteString nonce, ByteString said) {
        if (nonce.size() != NONCE_BYTES) {
            throw new IllegalArgumentException("a challenge has " + NONCE_BYTES + " bytes, not " + nonce.size());
        }
        return ByteString.copyFrom(mac(purpose, nonce, said));
    }

    public boolean proves(ByteString proof, Purpose purpose, ByteString said) {
        return MessageDigest.isEqual(proof.toByteArray(), mac(purpose, ByteString.EMPTY, said));
    }

    /** @param nonce what this side has challenged with */
    public boolean proves(ByteString proof, Purpose purpose, ByteString nonce, ByteString said) {
        return MessageDigest.isEqual(proof.toByteArray(), mac(purpose, nonce, said));
    }

    private byte[] mac(Purpose purpose, ByteString nonce, ByteString said) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            mac.update(purpose.name().getBytes(StandardCharsets.US_ASCII));
            mac.update((byte) 0);
            mac.update(nonce.asReadOnlyByteBuffer());
            mac.update(said.asReadOnlyByteBuffer());
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no " + ALGORITHM, e);
        }
    }

    @Override
    public String toString() {
        return "ClusterSecret[" + (none ? "none" : "set") + "]";
    }

    /** What a proof is for. The names are signed: they stay. */
    public enum Purpose {
        /** A KV session's sender answers the receiver. */
        SENDER,
        /** A KV session's receiver answers the sender. */
        RECEIVER,
        /** A gateway answers a worker on a token stream. */
        GATEWAY,
        /** A worker answers a gateway on a token stream. */
        WORKER,
        /** A worker's entry in the registry; no challenge. */
        WORKER_STATE
    }
}
