package dev.baton.kv;

/** Element type of cached keys and values. */
public enum KvDtype {
    BF16(2),
    F16(2),
    F32(4);

    private final int bytes;

    KvDtype(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }
}
