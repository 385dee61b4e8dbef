package dev.baton.model.torch;

import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchArgument;
import dev.baton.libtorch.TorchDevice;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Memory of this process that a device writes to: page-locked for a GPU, which is several times as fast. */
final class HostBuffer implements AutoCloseable {
    private final Torch torch;
    private final TorchDevice device;
    private @Nullable TorchArgument held;
    private MemorySegment memory = MemorySegment.NULL;

    HostBuffer(Torch torch, TorchDevice device) {
        this.torch = torch;
        this.device = device;
    }

    /** At least so many bytes, valid until more are asked for. */
    MemorySegment atLeast(long bytes) {
        if (memory.byteSize() < bytes) {
            close();
            try (TorchArgument count = torch.integer(bytes);
                    TorchArgument pinned = torch.flag(device.kind() == TorchDevice.Kind.CUDA)) {
                held = torch.apply("host", count, pinned);
            }
            memory = torch.memory(held, bytes);
        }
        return memory;
    }

    @Override
    public void close() {
        if (held != null) {
            held.close();
            held = null;
        }
        memory = MemorySegment.NULL;
    }
}
