package dev.baton.cluster.management;

import dev.baton.config.HashedKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The operators of a management port: one {@code name:role:hash} per line, where role is {@code read} or {@code operate}
 * and hash the SHA-256 of a long random key in hex. Several keys may name one operator. Every hash is compared, each in
 * constant time, so an answer's time tells nothing.
 */
final class OperatorKeys {
    /** Nobody has a key. */
    static final OperatorKeys NONE = new OperatorKeys(new HashedKeys<>());

    private static final int LONGEST_KEY = 1_024;
    private static final long LARGEST_FILE = 1 << 20;
    private static final Pattern LINE =
            Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]{0,63}):(read|operate):([0-9a-fA-F]{64})");

    private final HashedKeys<Operator> keys;

    /** What a key is good for. */
    enum Role {
        /** Look at everything that is exposed. */
        READ,
        /** Look, and change. */
        OPERATE
    }

    /** Whose key it is. */
    record Operator(String name, Role role) {}

    private OperatorKeys(HashedKeys<Operator> keys) {
        this.keys = keys;
    }

    /**
     * Reads the file.
     *
     * @throws IllegalArgumentException when it cannot be read, is too large, holds no key, or a line is malformed
     */
    static OperatorKeys read(Path file) {
        String setting = " (setting baton.management.keys)";
        List<String> lines;
        try {
            if (Files.size(file) > LARGEST_FILE) {
                throw new IllegalArgumentException("The key file " + file + setting + " is larger than 1 MiB");
            }
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalArgumentException("The key file " + file + setting + " cannot be read: " + e, e);
        }
        HashedKeys<Operator> keys = new HashedKeys<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            Matcher match = LINE.matcher(line);
            if (!match.matches()) {
                throw new IllegalArgumentException("Line " + (i + 1) + " of the key file " + file + setting
                        + " is not name:role:sha256-in-hex, the role being read or operate; make the hash with:"
                        + " printf %s \"$KEY\" | sha256sum");
            }
            Role role = Role.valueOf(match.group(2).toUpperCase(Locale.ROOT));
            keys.add(new Operator(match.group(1), role), HexFormat.of().parseHex(match.group(3)));
        }
        if (keys.isEmpty()) {
            throw new IllegalArgumentException("The key file " + file + setting
                    + " holds no key, so every call would be refused; add a line name:role:sha256-in-hex");
        }
        return new OperatorKeys(keys);
    }

    boolean isEmpty() {
        return keys.isEmpty();
    }

    /** Empty for a key that is nobody's. */
    Optional<Operator> operator(String key) {
        if (key.length() > LONGEST_KEY) {
            return Optional.empty();
        }
        return keys.ownerOf(key);
    }
}
