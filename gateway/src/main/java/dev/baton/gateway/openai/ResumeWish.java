package dev.baton.gateway.openai;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;
import org.springframework.http.HttpHeaders;

/**
 * What the headers of a request say of resuming.
 *
 * @param wanted its answer is to outlive the connection and the gateway
 * @param key by which the client knows its request again; empty for none
 */
record ResumeWish(boolean wanted, String key) {
    private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]{1,255}");

    static ResumeWish of(HttpHeaders headers) {
        String key = headers.getFirst("Idempotency-Key");
        if (key == null) {
            return new ResumeWish(Boolean.parseBoolean(headers.getFirst("X-Baton-Resumable")), "");
        }
        if (!KEY.matcher(key).matches()) {
            throw new ApiException(ApiError.badRequest(
                    null, "`Idempotency-Key` must be 1 to 255 visible ASCII characters without blanks."));
        }
        return new ResumeWish(true, key);
    }

    /** What stands for the key: the same for the same body at the same endpoint alone. Takes time that grows with the body. */
    String scoped(String endpoint, byte[] body) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((endpoint + "\n" + key + "\n").getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(body));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
