package dev.baton.config;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whose a key is, known by its SHA-256. Every hash is compared, each in constant time, so an answer's time tells nothing.
 * Keys are added before they are looked up; then any thread.
 *
 * @param <T> the owner of a key
 */
public final class HashedKeys<T> {
    private final List<Entry<T>> entries = new ArrayList<>();

    private static final class Entry<T> {
        final T owner;
        final byte[] hash;

        Entry(T owner, byte[] hash) {
            this.owner = owner;
            this.hash = hash;
        }
    }

    /** @param hash SHA-256 of the key; several keys may have one owner */
    public void add(T owner, byte[] hash) {
        entries.add(new Entry<>(owner, hash));
    }

    public boolean isEmpty() {
        return entries.isEmpty();
    }

    /** Empty for a key that is nobody's; of two owners the last one that was added. */
    public Optional<T> ownerOf(String key) {
        byte[] hash = sha256(key);
        Optional<T> found = Optional.empty();
        for (Entry<T> entry : entries) {
            if (MessageDigest.isEqual(hash, entry.hash)) {
                found = Optional.of(entry.owner);
            }
        }
        return found;
    }

    private static byte[] sha256(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
