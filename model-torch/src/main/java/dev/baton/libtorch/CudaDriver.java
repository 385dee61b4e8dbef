package dev.baton.libtorch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.ArrayList;
import java.util.List;

/**
 * Driver, GPUs and CUDA version of this machine, asked from the NVIDIA driver: a libtorch for CUDA is 3 GB to load and says less.
 *
 * @param finding for people
 * @param gpus how many can be seen
 */
record CudaDriver(String finding, int gpus) {
    static final String LIBRARY = "libcuda.so.1";
    private static final int NAME_BYTES = 256;

    /** @param library name or path of the driver's library */
    static CudaDriver look(String library) {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup driver;
            try {
                driver = SymbolLookup.libraryLookup(library, arena);
            } catch (IllegalArgumentException e) {
                return new CudaDriver("no NVIDIA driver (%s is not there)".formatted(library), 0);
            }
            return ask(driver, arena);
        } catch (Throwable e) {
            return new CudaDriver("a driver that cannot be asked (%s)".formatted(e), 0);
        }
    }

    private static CudaDriver ask(SymbolLookup driver, Arena arena) throws Throwable {
        int error = (int) call(driver, "cuInit", JAVA_INT).invokeExact(0);
        if (error != 0) {
            return new CudaDriver("a driver that does not start (cuInit: error %d)".formatted(error), 0);
        }
        MemorySegment number = arena.allocate(JAVA_INT);
        error = (int) call(driver, "cuDriverGetVersion", ADDRESS).invokeExact(number);
        int version = error == 0 ? number.get(JAVA_INT, 0) : 0;
        error = (int) call(driver, "cuDeviceGetCount", ADDRESS).invokeExact(number);
        int gpus = error == 0 ? number.get(JAVA_INT, 0) : 0;
        List<String> names = new ArrayList<>();
        MemorySegment name = arena.allocate(NAME_BYTES);
        for (int i = 0; i < gpus; i++) {
            error = (int) call(driver, "cuDeviceGet", ADDRESS, JAVA_INT).invokeExact(number, i);
            if (error == 0) {
                error = (int) call(driver, "cuDeviceGetName", ADDRESS, JAVA_INT, JAVA_INT)
                        .invokeExact(name, NAME_BYTES, number.get(JAVA_INT, 0));
            }
            names.add(error == 0 ? name.getString(0) : "error " + error);
        }
        return new CudaDriver(
                "a driver for CUDA %d.%d that shows %s"
                        .formatted(
                                version / 1000, version % 1000 / 10, gpus == 0 ? "no GPU" : String.join(", ", names)),
                gpus);
    }

    private static java.lang.invoke.MethodHandle call(SymbolLookup driver, String function, MemoryLayout... arguments) {
        return Linker.nativeLinker()
                .downcallHandle(driver.findOrThrow(function), FunctionDescriptor.of(JAVA_INT, arguments));
    }
}
