package dev.baton.model;

import dev.baton.engine.Device;
import dev.baton.engine.OpenModel;
import java.io.IOException;
import java.util.ServiceLoader;

/** Opens model folders. */
public final class Models {
    private Models() {}

    /**
     * Reads a folder, packs its weights for this machine and checks a sample of its arithmetic.
     *
     * @param progress called on the calling thread while weights are read
     * @throws IOException when a file is missing or broken
     * @throws UnsupportedModelException when the family or a feature of it is not among those supported
     */
    public static OpenModel open(ModelSettings settings, LoadProgress progress) throws IOException {
        return CpuModel.open(settings, progress);
    }

    /**
     * The same on a device.
     *
     * @throws UnusableDeviceException when the device cannot be used, with what was found; the CPU never stands in for
     *     another device
     */
    public static OpenModel open(ModelSettings settings, Device device, LoadProgress progress) throws IOException {
        return switch (device) {
            case CPU -> open(settings, progress);
            case CUDA ->
                ServiceLoader.load(DeviceModels.class)
                        .findFirst()
                        .orElseThrow(() -> new UnusableDeviceException(
                                "nothing on the class path computes on a GPU: add Baton's module model-torch", null))
                        .open(settings, progress);
        };
    }

    /** Called while weights are read, with how far that is. */
    public interface LoadProgress {
        void loaded(long bytes, long ofBytes);
    }
}
