package dev.baton.model.torch;

import dev.baton.engine.OpenModel;
import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchDevice;
import dev.baton.model.DeviceModels;
import dev.baton.model.ModelSettings;
import dev.baton.model.Models.LoadProgress;
import java.io.IOException;

/** Opens model folders with libtorch on the first GPU. */
public final class TorchModels implements DeviceModels {
    @Override
    public OpenModel open(ModelSettings settings, LoadProgress progress) throws IOException {
        TorchDevice first = TorchDevice.cuda(0);
        Torch.require(first);
        return TorchModel.open(settings, first, progress);
    }
}
