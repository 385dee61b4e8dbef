package dev.baton.cli.doctor;

import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Loads one native library and says which; the doctor runs it as a process of its own, on the class path of the module
 * that uses the library, because a library that does not fit may take its JVM along. The {@code baton} command itself
 * has none of them on its class path: hence the names.
 */
final class NativeProbe {
    private NativeProbe() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws Exception {
        System.out.println(
                switch (NativeLibrary.valueOf(args[0])) {
                    case TOKENIZERS -> tokenizers();
                    case LIBTORCH -> torch();
                    case LIBBATON -> kernels();
                });
    }

    private static String tokenizers() throws ReflectiveOperationException {
        Class.forName("ai.djl.huggingface.tokenizers.jni.LibUtils")
                .getMethod("checkStatus")
                .invoke(null);
        return "loads";
    }

    private static String torch() throws ReflectiveOperationException {
        Class<?> type = Class.forName("ai.djl.engine.Engine");
        Object engine = type.getMethod("getEngine", String.class).invoke(null, "PyTorch");
        return String.valueOf(type.getMethod("getVersion").invoke(engine));
    }

    /** What the kernels have chosen for this processor, as they number it. */
    static String forms(int floats, int int8) {
        return "products and attention by " + form(floats, "AVX-512") + ", int8 by "
                + form(int8, "AVX-512 with dot products of bytes");
    }

    private static String form(int level, String best) {
        return level >= 2 ? best : level == 1 ? "AVX2" : "plain C (slow)";
    }

    private static int level(SymbolLookup library, String function) {
        try {
            return (int) Linker.nativeLinker()
                    .downcallHandle(library.findOrThrow(function), FunctionDescriptor.of(ValueLayout.JAVA_INT))
                    .invokeExact();
        } catch (Throwable e) {
            throw new IllegalStateException(function + " cannot be called", e);
        }
    }

    private static String kernels() throws Exception {
        String system = System.getProperty("os.arch").replace("amd64", "x86_64");
        Path file = Files.createTempFile("baton", ".so");
        try (InputStream in = NativeProbe.class.getResourceAsStream("/native/linux-" + system + "/libbaton.so")) {
            if (in == null) {
                throw new IllegalStateException("not built for " + system);
            }
            Files.write(file, in.readAllBytes());
            SymbolLookup library = SymbolLookup.libraryLookup(file, Arena.global());
            return "loads; runs here: " + forms(level(library, "baton_level"), level(library, "baton_int8_level"));
        } finally {
            Files.delete(file);
        }
    }
}
