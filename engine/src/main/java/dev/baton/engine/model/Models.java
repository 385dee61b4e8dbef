package dev.baton.engine.model;

import dev.baton.engine.torch.Torch;
import dev.baton.engine.torch.TorchDevice;
import java.io.IOException;

/** Opens model folders. */
public final class Models {
    private Models() {}

    /**
     * Reads a folder, packs its weights for this machine and checks a sample of its arithmetic.
     *
     * @param progress told on the calling thread while weights are read
     * @throws IOException when a file is missing or broken
     * @throws UnsupportedModelException when the family or a feature of it is not among those supported
     */
    public static OpenModel open(ModelSettings settings, LoadProgress progress) throws IOException {
        return CpuModel.open(settings, progress);
    }

    /**
     * The same on a device.
     *
     * @throws dev.baton.engine.torch.UnusableDeviceException when the device cannot be used, with what was found; the CPU
     *     never stands in for another device
     */
    public static OpenModel open(ModelSettings settings, Device device, LoadProgress progress) throws IOException {
        return switch (device) {
            case CPU -> open(settings, progress);
            case CUDA -> {
                TorchDevice first = TorchDevice.cuda(0);
                Torch.require(first);
                yield TorchModel.open(settings, first, progress);
            }
        };
    }

    /** What a model's arithmetic runs on. */
    public enum Device {
        /** This machine's processor, with kernels of our own. */
        CPU,
        /** The first GPU that is visible, with libtorch's kernels. */
        CUDA
    }

    /** Told while weights are read. */
    public interface LoadProgress {
        void loaded(long bytes, long ofBytes);
    }
}
