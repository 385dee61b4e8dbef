package dev.baton.libtorch;

import dev.baton.model.UnusableDeviceException;
import java.util.Objects;

/**
 * The device that tests of libtorch run on: what {@code baton.test.device} or {@code BATON_TEST_DEVICE} names, {@code cpu}
 * or {@code cuda} for the first GPU; without either, libtorch's CPU.
 */
public final class TestDevice {
    private TestDevice() {}

    /** @throws UnusableDeviceException when it was named and cannot be used: no other stands in for it */
    public static TorchDevice usable() throws UnusableDeviceException {
        TorchDevice device = named();
        Torch.require(device);
        return device;
    }

    static TorchDevice named() {
        String name = System.getProperty(
                "baton.test.device", Objects.requireNonNullElse(System.getenv("BATON_TEST_DEVICE"), "cpu"));
        return switch (name) {
            case "cpu" -> TorchDevice.CPU;
            case "cuda" -> TorchDevice.cuda(0);
            default ->
                throw new IllegalArgumentException("baton.test.device %s: cpu and cuda are known".formatted(name));
        };
    }
}
