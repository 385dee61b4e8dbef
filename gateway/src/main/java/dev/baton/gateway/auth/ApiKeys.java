package dev.baton.gateway.auth;

import dev.baton.config.HashedKeys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The key file: one {@code tenant:hash} or {@code tenant:hash:tier} per line, where hash is the SHA-256 of the key in hex
 * and tier the best service tier that the key may use, {@code default} where it is left out. Several keys may name one
 * tenant. A plain fast hash is enough because keys are random and long: there is nothing to guess, and a slow hash
 * would cost every request. Every stored hash is compared, each in constant time, so an answer's time tells nothing.
 */
public final class ApiKeys {
    private static final Pattern LINE =
            Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([0-9a-fA-F]{64})(?::(flex|default|priority))?");

    private final HashedKeys<Identity> keys;

    private ApiKeys(HashedKeys<Identity> keys) {
        this.keys = keys;
    }

    public static ApiKeys read(Path file) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Cannot read the API-key file " + file + " (setting baton.http.api-keys)", e);
        }
        HashedKeys<Identity> keys = new HashedKeys<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            var match = LINE.matcher(line);
            if (!match.matches()) {
                throw new IllegalArgumentException("Line " + (i + 1) + " of the API-key file " + file
                        + " is not tenant:sha256-in-hex or tenant:sha256-in-hex:tier, the tier being flex, default or"
                        + " priority; make the hash with: printf %s \"$KEY\" | sha256sum");
            }
            ServiceTier highest =
                    Optional.ofNullable(match.group(3)).flatMap(ServiceTier::of).orElse(ServiceTier.DEFAULT);
            keys.add(new Identity(match.group(1), highest), HexFormat.of().parseHex(match.group(2)));
        }
        if (keys.isEmpty()) {
            throw new IllegalArgumentException(
                    "The API-key file " + file
                            + " (setting baton.http.api-keys) holds no key, so every call would be refused; add a line tenant:sha256-in-hex");
        }
        return new ApiKeys(keys);
    }

    /** Whose key this is. */
    Optional<Identity> identityOf(String key) {
        return keys.ownerOf(key);
    }
}
