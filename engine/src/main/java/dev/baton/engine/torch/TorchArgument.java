package dev.baton.engine.torch;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import org.jspecify.annotations.Nullable;

/** An argument of a call, made once and used often. Closing a tensor leaves the memory under it alone. */
public final class TorchArgument implements AutoCloseable {
    final IValue value;
    private final @Nullable PtNDArray tensor;

    TorchArgument(IValue value, @Nullable PtNDArray tensor) {
        this.value = value;
        this.tensor = tensor;
    }

    @Override
    public void close() {
        value.close();
        if (tensor != null) {
            tensor.close();
        }
    }
}
