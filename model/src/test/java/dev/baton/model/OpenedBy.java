package dev.baton.model;

import dev.baton.engine.OpenModel;
import dev.baton.libtorch.TestDevice;
import dev.baton.model.torch.TorchModel;
import java.io.IOException;

/** The two ways in which a model folder runs: the CPU's own kernels, and libtorch on the device of the tests. */
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
            return TorchModel.open(settings, TestDevice.usable(), (done, of) -> {});
        }
    };

    public abstract OpenModel open(ModelSettings settings) throws IOException;
}
