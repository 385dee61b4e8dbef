package dev.baton.gateway.dispatch;

import dev.baton.control.GenerationRequest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Tells the same request once more from another: by all that workers get of it but its id, its seed, its time and its tags. */
final class RequestBody {
    private RequestBody() {}

    /** Work that grows with the prompt. */
    static String hash(GenerationRequest request) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(request.model().getBytes(StandardCharsets.UTF_8));
            ByteBuffer prompt = ByteBuffer.allocate(Integer.BYTES * (request.prompt().length + 1));
            prompt.putInt(request.priority());
            prompt.asIntBuffer().put(request.prompt());
            digest.update(prompt.array());
            digest.update(request.sampling().toBuilder().clearSeed().build().toByteArray());
            digest.update(request.stopping().toByteArray());
            if (request.structure() != null) {
                digest.update(request.structure().toByteArray());
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
