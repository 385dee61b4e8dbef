package dev.baton.model.torch;

import dev.baton.model.FamiliesEngineContract;

class TorchFamiliesEngineTest extends FamiliesEngineContract {
    TorchFamiliesEngineTest() {
        super(OpenedByTorch.TORCH);
    }
}
