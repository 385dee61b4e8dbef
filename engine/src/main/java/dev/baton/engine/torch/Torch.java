package dev.baton.engine.torch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/** One loaded script with its methods. Owns the module; arguments belong to whoever made them. */
public final class Torch implements AutoCloseable {
    private static final String OFFLINE = "ai.djl.offline";

    private final PtNDManager manager;
    private final PtSymbolBlock module;

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
        }
    }

    /** A tensor over native memory, row-major; the memory must outlive it. */
    public TorchArgument tensor(MemorySegment memory, TorchDtype dtype, long... shape) {
        long elements = 1;
        for (long size : shape) {
            elements = Math.multiplyExact(elements, size);
        }
        if (!memory.isNative() || memory.byteSize() < elements * dtype.bytes) {
            throw new IllegalArgumentException(
                    "a tensor of %d elements over %d bytes".formatted(elements, memory.byteSize()));
        }
        PtNDArray array = new PtNDArray(manager, Shim.tensor(memory, dtype, shape));
        return new TorchArgument(IValue.from(array), array);
    }

    public TorchArgument number(double value) {
        return new TorchArgument(IValue.from(value), null);
    }

    public TorchArgument integer(long value) {
        return new TorchArgument(IValue.from(value), null);
    }

    /** Runs a method for what it writes into its arguments. */
    public void call(String method, TorchArgument... arguments) {
        IValue[] values = new IValue[arguments.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = arguments[i].value;
        }
        IValueUtils.runMethod(module, method, values).close();
    }

    @Override
    public void close() {
        module.close();
        manager.close();
    }

    /** What DJL has no door for. */
    private static final class Shim {
        private static final MethodHandle FROM_BLOB;

        static {
            if (System.getProperty(OFFLINE) == null) {
                System.setProperty(OFFLINE, "true");
            }
            Engine.getEngine("PyTorch");
            JniUtils.setNumThreads(1);
            SymbolLookup libtorch = SymbolLookup.loaderLookup();
            FROM_BLOB = Linker.nativeLinker()
                    .downcallHandle(
                            libtorch.findOrThrow("aoti_torch_create_tensor_from_blob"),
                            FunctionDescriptor.of(
                                    JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT,
                                    JAVA_INT, ADDRESS));
            // The profiling executor recompiles for every new shape: 205 instead of 38 microseconds at worst.
            turnOff(libtorch, "_ZN5torch3jit16getProfilingModeEv");
            turnOff(libtorch, "_ZN5torch3jit15getExecutorModeEv");
        }

        private Shim() {}

        static void load() {}

        private static void turnOff(SymbolLookup libtorch, String function) {
            try {
                MemorySegment flag = (MemorySegment) Linker.nativeLinker()
                        .downcallHandle(libtorch.findOrThrow(function), FunctionDescriptor.of(ADDRESS))
                        .invokeExact();
                flag.reinterpret(1).set(JAVA_BYTE, 0, (byte) 0);
            } catch (Throwable e) {
                throw new IllegalStateException("calling libtorch's " + function, e);
            }
        }

        static long tensor(MemorySegment memory, TorchDtype dtype, long[] shape) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment sizes = arena.allocateFrom(JAVA_LONG, shape);
                MemorySegment strides = arena.allocate(JAVA_LONG, Math.max(1, shape.length));
                long stride = 1;
                for (int i = shape.length - 1; i >= 0; i--) {
                    strides.setAtIndex(JAVA_LONG, i, stride);
                    stride *= shape[i];
                }
                MemorySegment handle = arena.allocate(ADDRESS);
                int error = (int) FROM_BLOB.invokeExact(
                        memory, (long) shape.length, sizes, strides, 0L, dtype.code, 0, 0, handle);
                if (error != 0) {
                    throw new IllegalStateException("libtorch refused a tensor over memory: error " + error);
                }
                return handle.get(JAVA_LONG, 0);
            } catch (RuntimeException e) {
                throw e;
            } catch (Throwable e) {
                throw new IllegalStateException("calling libtorch", e);
            }
        }
    }
}
