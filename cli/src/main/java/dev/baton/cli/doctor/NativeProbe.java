package dev.baton.cli.doctor;

import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
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

    private static String kernels() throws Exception {
        String system = System.getProperty("os.arch").replace("amd64", "x86_64");
        Path file = Files.createTempFile("baton", ".so");
        try (InputStream in = NativeProbe.class.getResourceAsStream("/native/linux-" + system + "/libbaton.so")) {
            if (in == null) {
                throw new IllegalStateException("not built for " + system);
            }
            Files.write(file, in.readAllBytes());
            SymbolLookup.libraryLookup(file, Arena.global());
            return "loads";
        } finally {
            Files.delete(file);
        }
    }
}
