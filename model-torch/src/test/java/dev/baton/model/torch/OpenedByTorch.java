package dev.baton.model.torch;

import dev.baton.libtorch.TestDevice;
import dev.baton.model.OpenedBy;

/** Models by libtorch on the device of the tests. */
final class OpenedByTorch {
    static final OpenedBy TORCH = settings -> TorchModel.open(settings, TestDevice.usable(), (done, of) -> {});

    private OpenedByTorch() {}
}
