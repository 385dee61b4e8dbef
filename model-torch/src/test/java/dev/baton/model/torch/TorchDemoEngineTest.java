package dev.baton.model.torch;

import dev.baton.model.DemoEngineContract;

class TorchDemoEngineTest extends DemoEngineContract {
    TorchDemoEngineTest() {
        super(OpenedByTorch.TORCH);
    }
}
