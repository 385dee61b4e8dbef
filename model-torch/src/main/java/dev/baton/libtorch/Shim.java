package dev.baton.libtorch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.LibUtils;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/** Calls that DJL does not offer, through libtorch's stable C shim. A tensor is the address of a handle that DJL knows too. */
final class Shim {
    private static final String OFFLINE = "ai.djl.offline";
    private static final SymbolLookup LIBTORCH;
    private static final MethodHandle FROM_BLOB;
    private static final MethodHandle EMPTY;
    private static final MethodHandle VIEW;
    private static final MethodHandle COPY;
    private static final MethodHandle ZERO;
    private static final MethodHandle DELETE;
    private static final MethodHandle DATA;

    static {
        if (System.getProperty(OFFLINE) == null) {
            System.setProperty(OFFLINE, "true");
        }
        Engine.getEngine("PyTorch");
        JniUtils.setNumThreads(1);
        LIBTORCH = SymbolLookup.loaderLookup();
        FROM_BLOB = call(
                "create_tensor_from_blob",
                ADDRESS,
                JAVA_LONG,
                ADDRESS,
                ADDRESS,
                JAVA_LONG,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                ADDRESS);
        EMPTY = call("empty_strided", JAVA_LONG, ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
        VIEW = call("_reinterpret_tensor", JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS);
        COPY = call("copy_", JAVA_LONG, JAVA_LONG, JAVA_INT);
        ZERO = call("zero_", JAVA_LONG);
        DELETE = call("delete_tensor_object", JAVA_LONG);
        DATA = call("get_data_ptr", JAVA_LONG, ADDRESS);
        // The profiling executor recompiles for every new shape: 205 instead of 38 microseconds at worst.
        turnOff("_ZN5torch3jit16getProfilingModeEv");
        turnOff("_ZN5torch3jit15getExecutorModeEv");
        // Without it the old executor would compile kernels of its own on a GPU, for each new shape.
        dontFuseOnGpu();
        // cuDNN's attention is planned again for each length, and lengths change with every token.
        noAttentionOfCudnn();
    }

    private Shim() {}

    /** Loads libtorch if it is not loaded yet. */
    static void load() {}

    /** For people: version and folder of the libtorch that was loaded. */
    static String found() {
        return "libtorch %s in %s".formatted(LibUtils.getVersion(), LibUtils.getLibtorchPath());
    }

    /** Whether the libtorch that was loaded is one for CUDA. */
    static boolean hasCuda() {
        return LIBTORCH.find("aoti_torch_get_current_cuda_stream").isPresent();
    }

    /** A tensor over native memory of this process; the memory must outlive it. */
    static long over(MemorySegment memory, TorchDtype dtype, long[] shape) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(ADDRESS);
            check("a tensor over memory", (int) FROM_BLOB.invokeExact(
                    memory,
                    (long) shape.length,
                    sizes(shape, arena),
                    strides(shape, arena),
                    0L,
                    dtype.code,
                    TorchDevice.CPU.code(),
                    TorchDevice.CPU.index(),
                    handle));
            return handle.get(JAVA_LONG, 0);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static long empty(TorchDevice device, TorchDtype dtype, long[] shape) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(ADDRESS);
            check("%s of memory on %s".formatted(bytes(dtype, shape), device), (int) EMPTY.invokeExact(
                    (long) shape.length,
                    sizes(shape, arena),
                    strides(shape, arena),
                    dtype.code,
                    device.code(),
                    device.index(),
                    handle));
            return handle.get(JAVA_LONG, 0);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static long view(long tensor, long offset, long[] shape) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(ADDRESS);
            check("a view", (int) VIEW.invokeExact(
                    tensor, (long) shape.length, sizes(shape, arena), strides(shape, arena), offset, handle));
            return handle.get(JAVA_LONG, 0);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void copy(long from, long to) {
        try {
            check("a copy between tensors", (int) COPY.invokeExact(to, from, 0));
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void zero(long tensor) {
        try {
            check("clearing a tensor", (int) ZERO.invokeExact(tensor));
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void delete(long tensor) {
        try {
            check("freeing a tensor", (int) DELETE.invokeExact(tensor));
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Where a tensor's first element lies. */
    static MemorySegment data(long tensor, long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS);
            check("where a tensor lies", (int) DATA.invokeExact(tensor, address));
            return address.get(ADDRESS, 0).reinterpret(bytes);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private static MethodHandle call(String function, MemoryLayout... arguments) {
        return Linker.nativeLinker()
                .downcallHandle(
                        LIBTORCH.findOrThrow("aoti_torch_" + function), FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private static void check(String what, int error) {
        if (error != 0) {
            throw new IllegalStateException(
                    "libtorch refused %s: error %d, its reason is on standard error".formatted(what, error));
        }
    }

    private static RuntimeException failed(Throwable e) {
        return e instanceof RuntimeException known ? known : new IllegalStateException("calling libtorch", e);
    }

    private static MemorySegment sizes(long[] shape, Arena arena) {
        return arena.allocateFrom(JAVA_LONG, shape);
    }

    private static MemorySegment strides(long[] shape, Arena arena) {
        MemorySegment strides = arena.allocate(JAVA_LONG, Math.max(1, shape.length));
        long stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides.setAtIndex(JAVA_LONG, i, stride);
            stride *= shape[i];
        }
        return strides;
    }

    private static String bytes(TorchDtype dtype, long[] shape) {
        long bytes = dtype.bytes;
        for (long size : shape) {
            bytes *= size;
        }
        return bytes >> 20 > 0 ? (bytes >> 20) + " MiB" : bytes + " bytes";
    }

    private static void turnOff(String function) {
        try {
            MemorySegment flag = (MemorySegment) Linker.nativeLinker()
                    .downcallHandle(LIBTORCH.findOrThrow(function), FunctionDescriptor.of(ADDRESS))
                    .invokeExact();
            flag.reinterpret(1).set(JAVA_BYTE, 0, (byte) 0);
        } catch (Throwable e) {
            throw new IllegalStateException("calling libtorch's " + function, e);
        }
    }

    private static void dontFuseOnGpu() {
        try {
            Linker.nativeLinker()
                    .downcallHandle(
                            LIBTORCH.findOrThrow("_ZN5torch3jit20overrideCanFuseOnGPUEb"),
                            FunctionDescriptor.ofVoid(JAVA_BOOLEAN))
                    .invokeExact(false);
        } catch (Throwable e) {
            throw new IllegalStateException("calling libtorch's overrideCanFuseOnGPU", e);
        }
    }

    private static void noAttentionOfCudnn() {
        try {
            MemorySegment context = (MemorySegment) Linker.nativeLinker()
                    .downcallHandle(LIBTORCH.findOrThrow("_ZN2at13globalContextEv"), FunctionDescriptor.of(ADDRESS))
                    .invokeExact();
            Linker.nativeLinker()
                    .downcallHandle(
                            LIBTORCH.findOrThrow("_ZN2at7Context14setSDPUseCuDNNEb"),
                            FunctionDescriptor.ofVoid(ADDRESS, JAVA_BOOLEAN))
                    .invokeExact(context, false);
        } catch (Throwable e) {
            throw new IllegalStateException("calling libtorch's setSDPUseCuDNN", e);
        }
    }
}
