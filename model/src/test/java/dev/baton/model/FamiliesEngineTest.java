package dev.baton.model;

class FamiliesEngineTest extends FamiliesEngineContract {
    FamiliesEngineTest() {
        super(OpenedBy.KERNELS);
    }
}
