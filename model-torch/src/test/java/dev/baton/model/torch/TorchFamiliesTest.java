package dev.baton.model.torch;

import dev.baton.model.FamiliesContract;

class TorchFamiliesTest extends FamiliesContract {
    TorchFamiliesTest() {
        super(OpenedByTorch.TORCH);
    }
}
