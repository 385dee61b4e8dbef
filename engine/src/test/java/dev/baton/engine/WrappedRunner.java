package dev.baton.engine;

import dev.baton.engine.sampling.LogitOps;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A runner whose behaviour tests change here and there. */
class WrappedRunner implements ModelRunner {
    private final ModelRunner inner;

    WrappedRunner(ModelRunner inner) {
        this.inner = inner;
    }

    @Override
    public ModelShape shape() {
        return inner.shape();
    }

    @Override
    public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
        return inner.forward(slices, progress);
    }

    @Override
    public void arrived(int[] blocks) {
        inner.arrived(blocks);
    }

    @Override
    public LogitOps logitOps() {
        return inner.logitOps();
    }

    @Override
    public void close() {
        inner.close();
    }
}
