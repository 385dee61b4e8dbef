package dev.baton.model.torch;

import dev.baton.model.DemoModelContract;

class TorchDemoModelTest extends DemoModelContract {
    TorchDemoModelTest() {
        super(OpenedByTorch.TORCH, 6);
    }
}
