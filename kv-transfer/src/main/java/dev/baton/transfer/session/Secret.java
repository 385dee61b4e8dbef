package dev.baton.transfer.session;

import com.google.protobuf.ByteString;
import dev.baton.protocol.v1.KvHello;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The secret that workers of one cluster share, and what it signs. Never printed. An empty one keeps nobody out: peers
 * then sign with a known key, and a sender listens on loopback only.
 */
public final class Secret {
    /** Property that holds the secret. */
    public static final String SETTING = "baton.cluster.secret";

    private static final int MINIMUM_LENGTH = 16;
    private static final int NONCE_BYTES = 32;
    private static final String ALGORITHM = "HmacSHA256";
    private static final SecureRandom RANDOM = new SecureRandom();

    private final SecretKeySpec key;
    private final boolean none;

    public Secret(String text) {
        if (!text.isEmpty() && text.length() < MINIMUM_LENGTH) {
            throw new IllegalArgumentException(
                    "%s has %d characters: KV sessions need a secret of at least %d, the same on all workers"
                            .formatted(SETTING, text.length(), MINIMUM_LENGTH));
        }
        this.none = text.isEmpty();
        this.key = new SecretKeySpec((none ? "no secret" : text).getBytes(StandardCharsets.UTF_8), ALGORITHM);
    }

    /** True when none is set. */
    public boolean isNone() {
        return none;
    }

    static ByteString nonce() {
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        return ByteString.copyFrom(nonce);
    }

    /** Signs everything a hello says, for the peer's nonce. The role keeps one side's proof from serving the other. */
    KvHello sign(KvHello hello, Role role, ByteString peerNonce) {
        return hello.toBuilder()
                .setHmac(ByteString.copyFrom(mac(hello, role, peerNonce)))
                .build();
    }

    boolean verifies(KvHello hello, Role role, ByteString ownNonce) {
        return MessageDigest.isEqual(hello.getHmac().toByteArray(), mac(hello, role, ownNonce));
    }

    private byte[] mac(KvHello hello, Role role, ByteString nonce) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            mac.update(role.name().getBytes(StandardCharsets.US_ASCII));
            mac.update((byte) 0);
            mac.update(nonce.toByteArray());
            mac.update(hello.toBuilder().clearHmac().build().toByteArray());
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no " + ALGORITHM, e);
        }
    }

    @Override
    public String toString() {
        return "Secret[…]";
    }

    /** Which side of a session speaks. */
    enum Role {
        SENDER,
        RECEIVER
    }
}
