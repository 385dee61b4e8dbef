package dev.baton.engine.model;

import dev.baton.engine.torch.TorchDevice;
import java.io.IOException;

/** The two ways in which a model folder runs: the CPU's own kernels, and libtorch on a device, here the CPU. */
public enum OpenedBy {
    KERNELS {
        @Override
        public OpenModel open(ModelSettings settings) throws IOException {
            return Models.open(settings, (done, of) -> {});
        }
    },
    TORCH {
        @Override
        public OpenModel open(ModelSettings settings) throws IOException {
            return TorchModel.open(settings, TorchDevice.CPU, (done, of) -> {});
        }
    };

    public abstract OpenModel open(ModelSettings settings) throws IOException;
}
