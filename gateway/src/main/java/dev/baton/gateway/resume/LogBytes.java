package dev.baton.gateway.resume;

import java.util.Arrays;

/**
 * An answer's log as bytes, as its owner has laid it out. They only grow, so that a place in the log means the same for all who
 * read it, also after the store has lost it and got it again. Not thread-safe.
 */
final class LogBytes {
    private byte[] bytes = new byte[0];
    private int size;

    /** How much of it the store has. */
    private int kept;

    /** What the store has is this. */
    void reset(byte[] log, int length) {
        bytes = Arrays.copyOf(log, length);
        size = length;
        kept = length;
    }

    void add(byte[] more) {
        if (size + more.length > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(size + more.length, 2 * bytes.length));
        }
        System.arraycopy(more, 0, bytes, size, more.length);
        size += more.length;
    }

    int kept() {
        return kept;
    }

    boolean allKept() {
        return kept == size;
    }

    /** The store has it up to this place. */
    void keptTo(int place) {
        kept = place;
    }

    byte[] from(int place) {
        return Arrays.copyOfRange(bytes, place, size);
    }
}
