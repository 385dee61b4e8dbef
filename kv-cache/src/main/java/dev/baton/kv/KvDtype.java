package dev.baton.kv;

/** Element type of cached keys and values. */
public enum KvDtype {
    BF16(2, 0),
    F16(2, 0),
    F32(4, 0),
    /** Integers, with a scale a head for each token's key and each token's value. No kernel computes with it yet. */
    I8(1, Float.BYTES);

    private final int bytes;
    private final int scaleBytes;

    KvDtype(int bytes, int scaleBytes) {
        this.bytes = bytes;
        this.scaleBytes = scaleBytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Bytes of the scale of one head's key or value, 0 where elements have none. */
    public int scaleBytes() {
        return scaleBytes;
    }
}
