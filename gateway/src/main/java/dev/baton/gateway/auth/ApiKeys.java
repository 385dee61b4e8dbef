package dev.baton.gateway.auth;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
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

    private final List<Entry> entries;

    private static final class Entry {
        final Identity identity;
        final byte[] hash;

        Entry(Identity identity, byte[] hash) {
            this.identity = identity;
            this.hash = hash;
        }
    }

    private ApiKeys(List<Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    public static ApiKeys read(Path file) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "Cannot read the API-key file " + file + " (setting baton.http.api-keys)", e);
        }
        List<Entry> entries = new ArrayList<>();
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
            entries.add(new Entry(
                    new Identity(match.group(1), highest), HexFormat.of().parseHex(match.group(2))));
        }
        if (entries.isEmpty()) {
            throw new IllegalArgumentException(
                    "The API-key file " + file
                            + " (setting baton.http.api-keys) holds no key, so every call would be refused; add a line tenant:sha256-in-hex");
        }
        return new ApiKeys(entries);
    }

    /** Whose key this is. */
    Optional<Identity> identityOf(String key) {
        byte[] hash = sha256(key);
        Identity found = null;
        for (Entry entry : entries) {
            if (MessageDigest.isEqual(hash, entry.hash)) {
                found = entry.identity;
            }
        }
        return Optional.ofNullable(found);
    }

    private static byte[] sha256(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
