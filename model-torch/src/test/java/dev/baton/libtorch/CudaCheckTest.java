package dev.baton.libtorch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.baton.model.UnusableDeviceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A GPU that is asked for and cannot be used is refused with what was found. The driver is a fake made of C. */
class CudaCheckTest {
    private static final String FAKE = """
            #include <string.h>
            int cuInit(unsigned flags) { return %d; }
            int cuDriverGetVersion(int *v) { *v = 12080; return 0; }
            int cuDeviceGetCount(int *n) { *n = %d; return 0; }
            int cuDeviceGet(int *device, int index) { *device = index; return 0; }
            int cuDeviceGetName(char *name, int bytes, int device) { strncpy(name, "Fake 9000", bytes); return 0; }
            """;

    @TempDir
    private Path folder;

    @Test
    void withoutADriver() {
        CudaDriver none = CudaDriver.look("libno-such-driver.so.1");
        refused(none, LibtorchFolder.of(null))
                .hasMessageContaining("no NVIDIA driver")
                .hasMessageContaining("PYTORCH_LIBRARY_PATH is not set")
                .hasMessageContaining("cu128");
    }

    @Test
    void withADriverThatDoesNotStart() throws IOException, InterruptedException {
        refused(fake(999, 1), LibtorchFolder.of(null)).hasMessageContaining("cuInit: error 999");
    }

    @Test
    void withADriverAndNoGpu() throws IOException, InterruptedException {
        refused(fake(0, 0), LibtorchFolder.of(null)).hasMessageContaining("a driver for CUDA 12.8 that shows no GPU");
    }

    @Test
    void withAGpuAndALibtorchForTheCpu() throws IOException, InterruptedException {
        Shim.load();
        assumeThat(Shim.hasCuda()).as("libtorch has CUDA").isFalse();
        refused(fake(0, 2), LibtorchFolder.of(null))
                .hasMessageContaining("Fake 9000, Fake 9000")
                .hasMessageContaining("built without CUDA");
    }

    @Test
    void withAGpuAndAFolderThatHoldsNoLibtorch() throws IOException, InterruptedException {
        refused(fake(0, 1), LibtorchFolder.of(folder + ":/nowhere"))
                .hasMessageContaining("%s:/nowhere, where there is no libtorch.so".formatted(folder));
    }

    @Test
    void withAGpuAndALibtorchOfAnotherVersion() throws IOException, InterruptedException {
        Path lib = Files.createDirectories(folder.resolve("lib"));
        Files.createFile(lib.resolve("libtorch.so"));
        Files.writeString(folder.resolve("build-version"), "2.5.1+cu124\n");
        refused(fake(0, 1), LibtorchFolder.of(lib.toString()))
                .hasMessageContaining("libtorch 2.5.1+cu124")
                .hasMessageContaining("libtorch 2.7.1 for CUDA 12.8");
    }

    @Test
    void withAGpuAndALibtorchOfPythonsThatTheBindingIsNotFor() throws IOException, InterruptedException {
        Path lib = Files.createDirectories(folder.resolve("torch").resolve("lib"));
        Files.createFile(lib.resolve("libtorch.so"));
        Files.writeString(folder.resolve("torch").resolve("version.py"), """
                __all__ = ['__version__', 'debug']
                __version__ = '2.11.0+cu130'
                debug = False
                """);
        LibtorchFolder libtorch = LibtorchFolder.of(lib.toString());
        refused(fake(0, 1), libtorch)
                .hasMessageContaining("holds libtorch 2.11.0+cu130")
                .hasMessageContaining("tools/libtorch");
        assertThat(libtorch.loadable(Binding.of("2.11.0", "cu130").version())).isTrue();
    }

    @Test
    void theBindingIsTheBuildsUnlessTheVariablesThatDjlReadsNameAnother() {
        assertThat(Binding.of(null, " ")).hasToString("libtorch 2.7.1 for CUDA 12.8 (cu128)");
        assertThat(Binding.of("2.11.0", "cu130")).hasToString("libtorch 2.11.0 for CUDA 13.0 (cu130)");
    }

    @Test
    void aGpuThatIsNotThereIsRefusedBesideOneThatIs() throws UnusableDeviceException {
        assumeThat(TestDevice.named()).as("the device of the tests").isEqualTo(TorchDevice.cuda(0));
        Torch.require(TorchDevice.cuda(0));
        CudaDriver driver = CudaDriver.look(CudaDriver.LIBRARY);
        assertThatThrownBy(() -> Torch.require(TorchDevice.cuda(driver.gpus())))
                .isInstanceOf(UnusableDeviceException.class)
                .hasMessageContaining("cuda:%d cannot be used. Found: a driver for CUDA".formatted(driver.gpus()));
    }

    @Test
    void theCpuNeedsNothing() throws UnusableDeviceException {
        Torch.require(TorchDevice.CPU);
        assertThat(TorchDevice.CPU).hasToString("cpu");
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> refused(CudaDriver driver, LibtorchFolder libtorch) {
        return assertThatThrownBy(
                        () -> new CudaCheck(driver, libtorch, Binding.of(null, null)).require(TorchDevice.cuda(0)))
                .isInstanceOf(UnusableDeviceException.class)
                .hasMessageStartingWith("cuda:0 cannot be used. Found: ");
    }

    private CudaDriver fake(int init, int gpus) throws IOException, InterruptedException {
        assumeThat(Path.of("/usr/bin/cc")).as("a C compiler").exists();
        Path source = Files.writeString(folder.resolve("fake.c"), FAKE.formatted(init, gpus));
        Path library = folder.resolve("libcuda-%d-%d.so".formatted(init, gpus));
        Process compiler = new ProcessBuilder(
                        "/usr/bin/cc", "-shared", "-fPIC", "-o", library.toString(), source.toString())
                .inheritIO()
                .start();
        assertThat(compiler.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(compiler.exitValue()).isZero();
        return CudaDriver.look(library.toString());
    }
}
