package dev.baton.libtorch;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import ai.djl.util.Utils;
import dev.baton.model.UnusableDeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Whether a GPU that was asked for can be used: first what can be known without loading anything, then libtorch, then a
 * sum on the GPU. DJL alone would fall back to the CPU.
 */
record CudaCheck(CudaDriver driver, LibtorchFolder folder, Binding binding) {
    private static final String SCRIPT = """
              def twice(self: __torch__.Model, x: Tensor, out: Tensor) -> NoneType:
                _0 = torch.copy_(out, torch.add(x, x))
                return None
            """;

    void require(TorchDevice device) throws UnusableDeviceException {
        if (driver.gpus() <= device.index() || !folder.loadable(binding.version())) {
            throw unusable(device, folder.finding(), null);
        }
        // DJL's own guess has a suffix that no binding has.
        if (folder.folder() != null && Utils.getEnvOrSystemProperty(Binding.FLAVOR) == null) {
            System.setProperty(Binding.FLAVOR, binding.flavor());
        }
        try {
            Shim.load();
        } catch (RuntimeException | LinkageError e) {
            throw unusable(device, folder.finding() + ", which does not load: " + rootOf(e), e);
        }
        if (!Shim.hasCuda()) {
            throw unusable(device, "%s, and %s is built without CUDA".formatted(folder.finding(), Shim.found()), null);
        }
        try {
            compute(device);
        } catch (RuntimeException e) {
            throw unusable(device, Shim.found() + " cannot compute there: " + rootOf(e), e);
        }
    }

    private static void compute(TorchDevice device) {
        try (Arena arena = Arena.ofConfined();
                Torch torch = new Torch(SCRIPT)) {
            MemorySegment memory = arena.allocateFrom(JAVA_FLOAT, 1, 2, 3);
            try (TorchArgument there = torch.upload(memory, device, TorchDtype.F32, 3);
                    TorchArgument here = torch.tensor(memory, TorchDtype.F32, 3)) {
                torch.call("twice", there, here);
            }
            if (memory.getAtIndex(JAVA_FLOAT, 2) != 6) {
                throw new IllegalStateException("3 + 3 is not " + memory.getAtIndex(JAVA_FLOAT, 2));
            }
        }
    }

    private UnusableDeviceException unusable(TorchDevice device, String libtorch, @Nullable Throwable cause) {
        return new UnusableDeviceException(
                """
                %s cannot be used. Found: %s; %s. Needed: a GPU that nvidia-smi lists, and %s with the lib folder of %s; \
                tools/libtorch makes the binding for another""".formatted(device, driver.finding(), libtorch, LibtorchFolder.VARIABLE, binding), cause);
    }

    private static String rootOf(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return String.valueOf(root.getMessage());
    }
}
