package dev.baton.engine.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A library that ships as a resource: written to a folder only this user may enter, loaded, and unlinked at once. */
record NativeLibrary(SymbolLookup symbols) {
    /** A path to a library built elsewhere, for tests of fresh builds. */
    static final String OVERRIDE = "baton.kernels.library";

    /** The kernels; null where they do not load. */
    static final @Nullable NativeLibrary BATON = open("libbaton.so");

    private static @Nullable NativeLibrary open(String name) {
        String override = System.getProperty(OVERRIDE);
        if (override != null) {
            return override.isEmpty()
                    ? null
                    : new NativeLibrary(SymbolLookup.libraryLookup(Path.of(override), Arena.global()));
        }
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT) + "-"
                + System.getProperty("os.arch").replace("amd64", "x86_64");
        try (InputStream resource = NativeLibrary.class.getResourceAsStream("/native/%s/%s".formatted(system, name))) {
            if (resource == null) {
                return null;
            }
            Path folder = Files.createTempDirectory("baton-");
            Path file = folder.resolve(name);
            try {
                Files.copy(resource, file);
                return new NativeLibrary(SymbolLookup.libraryLookup(file, Arena.global()));
            } finally {
                Files.deleteIfExists(file);
                Files.delete(folder);
            }
        } catch (IOException | IllegalArgumentException e) {
            System.getLogger(NativeLibrary.class.getName())
                    .log(
                            System.Logger.Level.WARNING,
                            "the C kernels do not load, the Java ones take over: {0}",
                            e.toString());
            return null;
        }
    }

    MethodHandle function(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), descriptor);
    }
}
