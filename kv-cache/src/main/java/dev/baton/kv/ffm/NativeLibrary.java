package dev.baton.kv.ffm;

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
public final class NativeLibrary {
    private final SymbolLookup symbols;

    private NativeLibrary(SymbolLookup symbols) {
        this.symbols = symbols;
    }

    /** One built elsewhere, for tests of fresh builds; null for an empty path: as where none loads. */
    public static @Nullable NativeLibrary at(String path) {
        return path.isEmpty() ? null : new NativeLibrary(SymbolLookup.libraryLookup(Path.of(path), Arena.global()));
    }

    /** The one that ships for this system; null where there is none, or it does not load: Java takes over. */
    public static @Nullable NativeLibrary shipped(String name) {
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
                    .log(System.Logger.Level.WARNING, "{0} does not load, Java takes over: {1}", name, e.toString());
            return null;
        }
    }

    /** Its function of that name. Options: those of the linker. */
    public MethodHandle function(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), descriptor, options);
    }
}
