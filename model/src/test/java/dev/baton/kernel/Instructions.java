package dev.baton.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Instructions with which the C kernels are compared with Java. Those that this CPU lacks show as skipped, with the reason;
 * on a system that the library ships for, kernels that do not load are a failure.
 */
enum Instructions {
    C(0),
    AVX2(1),
    /** Of products of floats and of attention. */
    AVX_512(2),
    /** Of products of int8. */
    VNNI(2);

    private final int level;

    Instructions(int level) {
        this.level = level;
    }

    /** Why they cannot be tried here. */
    Optional<String> missing() {
        requireLibrary();
        int has = this == VNNI ? NativeKernels.int8Level() : NativeKernels.floatLevel();
        return has >= level ? Optional.empty() : Optional.of("this CPU lacks " + this);
    }

    /** Kernels that take these, one for each number of threads; skips the test where the CPU lacks them. */
    Stream<Kernels> kernels(int... threads) {
        Optional<String> missing = missing();
        assumeTrue(missing.isEmpty(), () -> missing.orElse(""));
        return IntStream.of(threads).mapToObj(count -> new NativeKernels(count, level));
    }

    /** Fails on Linux on x86-64 and skips elsewhere when there are no C kernels. */
    static void requireLibrary() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        boolean ships =
                system.startsWith("linux") && System.getProperty("os.arch").matches("amd64|x86_64");
        if (ships) {
            assertThat(NativeKernels.available()).as("the C kernels load").isTrue();
        } else {
            assumeTrue(NativeKernels.available(), "the C kernels do not ship for " + system);
        }
    }
}
