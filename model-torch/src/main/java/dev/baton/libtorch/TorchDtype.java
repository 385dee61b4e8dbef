package dev.baton.libtorch;

/** Element types by libtorch's numbers. */
public enum TorchDtype {
    I32(3, 4),
    I64(4, 8),
    F16(5, 2),
    F32(6, 4),
    BF16(15, 2);

    final int code;
    final int bytes;

    TorchDtype(int code, int bytes) {
        this.code = code;
        this.bytes = bytes;
    }

    /** libtorch's number, as scripts write it. */
    public int code() {
        return code;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }
}
