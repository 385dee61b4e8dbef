package dev.baton.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NativeLibraryTest {
    @Test
    void saysWhatTheProbeFoundWhateverTheLibrarySaidBefore() {
        assertThat(NativeLibrary.answer(0, "a warning of the library\n2.7.1\n\n"))
                .isEqualTo(new NativeLibrary.Answer(true, "2.7.1"));
    }

    @Test
    void namesTheFormsThatTheKernelsHaveChosen() {
        assertThat(NativeProbe.forms(1, 1)).isEqualTo("products and attention by AVX2, int8 by AVX2");
        assertThat(NativeProbe.forms(2, 0)).contains("attention by AVX-512,", "int8 by plain C");
    }

    @Test
    void givesTheInnermostCause() {
        String output = """
            Exception in thread "main" java.lang.reflect.InvocationTargetException
            \tat dev.baton.cli.doctor.NativeProbe.main(NativeProbe.java:20)
            Caused by: ai.djl.engine.EngineException: Failed to load the library
            Caused by: java.lang.UnsatisfiedLinkError: libtorch.so: GLIBC_2.34 not found
            \t... 4 more
            """;
        assertThat(NativeLibrary.answer(1, output))
                .isEqualTo(new NativeLibrary.Answer(
                        false,
                        "does not load (status 1): java.lang.UnsatisfiedLinkError: libtorch.so: GLIBC_2.34 not found"));
    }

    @Test
    void saysWithWhichStatusAProbeDiedThatSaidNothing() {
        assertThat(NativeLibrary.answer(134, ""))
                .isEqualTo(new NativeLibrary.Answer(false, "does not load (status 134): no word"));
    }
}
