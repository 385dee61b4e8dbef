package dev.baton.libtorch;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import org.jspecify.annotations.Nullable;

/** An argument of a call, or its result. Closing a tensor over memory of Java leaves that memory alone. */
public final class TorchArgument implements AutoCloseable {
    final IValue value;
    private final @Nullable PtNDArray tensor;

    TorchArgument(IValue value, @Nullable PtNDArray tensor) {
        this.value = value;
        this.tensor = tensor;
    }

    PtNDArray tensor() {
        if (tensor == null) {
            throw new IllegalArgumentException("no tensor that Java made");
        }
        return tensor;
    }

    @Override
    public void close() {
        value.close();
        if (tensor != null) {
            tensor.close();
        }
    }
}
