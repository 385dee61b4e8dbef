package dev.baton.libtorch;

/**
 * The device of a tensor and of the calls on it.
 *
 * @param index which of its kind; −1 for the CPU, of which there is one
 */
public record TorchDevice(Kind kind, int index) {
    /** The memory of this process. */
    public static final TorchDevice CPU = new TorchDevice(Kind.CPU, -1);

    /** libtorch's kinds of devices; the order is its numbering. */
    public enum Kind {
        CPU,
        CUDA
    }

    public TorchDevice {
        if (kind == Kind.CPU ? index != -1 : index < 0) {
            throw new IllegalArgumentException("device %s number %d".formatted(kind, index));
        }
    }

    public static TorchDevice cuda(int index) {
        return new TorchDevice(Kind.CUDA, index);
    }

    int code() {
        return kind.ordinal();
    }

    /** As libtorch writes it: {@code cpu}, {@code cuda:0}. */
    @Override
    public String toString() {
        return switch (kind) {
            case CPU -> "cpu";
            case CUDA -> "cuda:" + index;
        };
    }
}
