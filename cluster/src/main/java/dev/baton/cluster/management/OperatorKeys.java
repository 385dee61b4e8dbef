package dev.baton.cluster.management;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
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
    static final OperatorKeys NONE = new OperatorKeys(List.of());

    private static final int LONGEST_KEY = 1_024;
    private static final long LARGEST_FILE = 1 << 20;
    private static final Pattern LINE =
            Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]{0,63}):(read|operate):([0-9a-fA-F]{64})");

    private final List<Entry> entries;

    /** What a key is good for. */
    enum Role {
        /** Look at everything that is exposed. */
        READ,
        /** Look, and change. */
        OPERATE
    }

    /** Whose key it is. */
    record Operator(String name, Role role) {}

    private static final class Entry {
        final Operator operator;
        final byte[] hash;

        Entry(Operator operator, byte[] hash) {
            this.operator = operator;
            this.hash = hash;
        }
    }

    private OperatorKeys(List<Entry> entries) {
        this.entries = List.copyOf(entries);
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
        List<Entry> entries = new ArrayList<>();
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
            entries.add(
                    new Entry(new Operator(match.group(1), role), HexFormat.of().parseHex(match.group(3))));
        }
        if (entries.isEmpty()) {
            throw new IllegalArgumentException("The key file " + file + setting
                    + " holds no key, so every call would be refused; add a line name:role:sha256-in-hex");
        }
        return new OperatorKeys(entries);
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    /** Empty for a key that is nobody's. */
    Optional<Operator> operator(String key) {
        if (key.length() > LONGEST_KEY) {
            return Optional.empty();
        }
        byte[] hash = sha256(key);
        Operator found = null;
        for (Entry entry : entries) {
            if (MessageDigest.isEqual(hash, entry.hash)) {
                found = entry.operator;
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
