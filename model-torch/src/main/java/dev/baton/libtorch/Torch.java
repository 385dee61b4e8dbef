package dev.baton.libtorch;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import dev.baton.model.UnusableDeviceException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** One loaded script with its methods. Owns the module; arguments belong to their maker. */
public final class Torch implements AutoCloseable {
    private final PtNDManager manager;
    private final PtSymbolBlock module;

    /**
     * Makes sure that a device can be used: loads a libtorch for it and computes something there.
     *
     * @throws UnusableDeviceException that says what was found and what is needed
     */
    public static void require(TorchDevice device) throws UnusableDeviceException {
        if (device.kind() == TorchDevice.Kind.CUDA) {
            new CudaCheck(CudaDriver.look(CudaDriver.LIBRARY), LibtorchFolder.configured(), Binding.configured())
                    .require(device);
        }
    }

    /**
     * Loads libtorch if it is not loaded yet, and the script.
     *
     * @param methods source of the methods of one TorchScript class, indented by two spaces
     * @throws IllegalStateException when libtorch cannot be loaded
     */
    public Torch(String methods) {
        Shim.load();
        Engine engine = Engine.getEngine("PyTorch");
        manager = (PtNDManager) engine.newBaseManager(Device.cpu());
        try {
            module = JniUtils.loadModule(manager, new ByteArrayInputStream(ScriptArchive.of(methods)), false, false);
        } catch (IOException e) {
            manager.close();
            throw new UncheckedIOException("loading TorchScript", e);
        } catch (EngineException e) {
            manager.close();
            throw e;
        }
    }

    /** A tensor over native memory, row-major; the memory must outlive it. */
    public TorchArgument tensor(MemorySegment memory, TorchDtype dtype, long... shape) {
        return argument(over(memory, dtype, shape));
    }

    /** A tensor of zeros on a device: one allocation. */
    public TorchArgument zeros(TorchDevice device, TorchDtype dtype, long... shape) {
        long handle = Shim.empty(device, dtype, shape);
        Shim.zero(handle);
        return argument(handle);
    }

    /** A copy of native memory on a device, also when the device is the CPU. */
    public TorchArgument upload(MemorySegment memory, TorchDevice device, TorchDtype dtype, long... shape) {
        long host = over(memory, dtype, shape);
        try {
            long handle = Shim.empty(device, dtype, shape);
            Shim.copy(host, handle);
            return argument(handle);
        } finally {
            Shim.delete(host);
        }
    }

    /** Copies what lies in native memory into a tensor of the same shape, converting the elements where they differ. */
    public void fill(TorchArgument tensor, MemorySegment memory, TorchDtype dtype, long... shape) {
        long host = over(memory, dtype, shape);
        try {
            Shim.copy(host, tensor.tensor().getHandle());
        } finally {
            Shim.delete(host);
        }
    }

    /**
     * Elements of a tensor from one on, row-major, as a tensor over the same memory.
     *
     * @param offset elements before the first
     */
    public TorchArgument view(TorchArgument tensor, long offset, long... shape) {
        return argument(Shim.view(tensor.tensor().getHandle(), offset, shape));
    }

    /** A list of tensors, which stay the caller's. */
    public TorchArgument list(List<TorchArgument> tensors) {
        PtNDArray[] arrays =
                tensors.stream().map(of -> of.value.toTensor(manager)).toArray(PtNDArray[]::new);
        try {
            return new TorchArgument(IValue.listFrom(arrays), null);
        } finally {
            Stream.of(arrays).forEach(PtNDArray::close);
        }
    }

    /** Where the elements of a call's result lie, in memory of this process; the result must outlive their use. */
    public MemorySegment memory(TorchArgument result, long bytes) {
        try (PtNDArray array = result.value.toTensor(manager)) {
            return Shim.data(array.getHandle(), bytes);
        }
    }

    public TorchArgument number(double value) {
        return new TorchArgument(IValue.from(value), null);
    }

    public TorchArgument integer(long value) {
        return new TorchArgument(IValue.from(value), null);
    }

    public TorchArgument flag(boolean value) {
        return new TorchArgument(IValue.from(value), null);
    }

    /** Lets all operations of this process take so many threads; one without it, so that no second team spins beside ours. */
    public void threads(int count) {
        JniUtils.setNumThreads(count);
    }

    /** Runs a method for what it writes into its arguments. */
    public void call(String method, TorchArgument... arguments) {
        apply(method, arguments).close();
    }

    /** Runs a method for its result, which the caller closes. */
    public TorchArgument apply(String method, TorchArgument... arguments) {
        IValue[] values = new IValue[arguments.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = arguments[i].value;
        }
        return new TorchArgument(IValueUtils.runMethod(module, method, values), null);
    }

    /** The same, or nothing where libtorch refuses: a kernel that it does not have here, say. */
    public Optional<TorchArgument> attempt(String method, TorchArgument... arguments) {
        try {
            return Optional.of(apply(method, arguments));
        } catch (EngineException e) {
            return Optional.empty();
        }
    }

    private TorchArgument argument(long handle) {
        PtNDArray array = new PtNDArray(manager, handle);
        return new TorchArgument(IValue.from(array), array);
    }

    private static long over(MemorySegment memory, TorchDtype dtype, long... shape) {
        long elements = 1;
        for (long size : shape) {
            elements = Math.multiplyExact(elements, size);
        }
        if (!memory.isNative() || memory.byteSize() < elements * dtype.bytes) {
            throw new IllegalArgumentException(
                    "a tensor of %d elements over %d bytes".formatted(elements, memory.byteSize()));
        }
        return Shim.over(memory, dtype, shape);
    }

    @Override
    public void close() {
        module.close();
        manager.close();
    }
}
