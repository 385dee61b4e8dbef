package dev.baton.libtorch;

import ai.djl.util.Utils;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The libtorch that {@code PYTORCH_LIBRARY_PATH} names. Where it names none that exists, DJL takes the one of the class
 * path without a word, so what wants another must look first.
 *
 * @param setting the variable's value, null where it is not set
 * @param folder the first of its folders that holds a libtorch
 * @param version what the distribution says of itself: "2.7.1+cu128" say
 */
record LibtorchFolder(
        @Nullable String setting,
        @Nullable Path folder,
        @Nullable String version) {
    static final String VARIABLE = "PYTORCH_LIBRARY_PATH";
    private static final Pattern PYTHON_VERSION = Pattern.compile("(?m)^__version__ = '([^']+)'$");

    static LibtorchFolder configured() {
        return of(Utils.getEnvOrSystemProperty(VARIABLE));
    }

    static LibtorchFolder of(@Nullable String setting) {
        if (setting == null || setting.isBlank()) {
            return new LibtorchFolder(null, null, null);
        }
        for (String entry : setting.split(File.pathSeparator)) {
            Path folder = Path.of(entry);
            if (Files.isRegularFile(folder.resolve(System.mapLibraryName("torch")))) {
                return new LibtorchFolder(setting, folder, version(folder));
            }
        }
        return new LibtorchFolder(setting, null, null);
    }

    /** From the C++ distribution's file, else from that of the Python package. */
    private static @Nullable String version(Path folder) {
        String plain = read(folder.resolveSibling("build-version"));
        if (plain != null) {
            return plain.strip();
        }
        String module = read(folder.resolveSibling("version.py"));
        Matcher version = PYTHON_VERSION.matcher(module == null ? "" : module);
        return version.find() ? version.group(1) : null;
    }

    private static @Nullable String read(Path file) {
        try {
            return Files.isRegularFile(file) ? Files.readString(file) : null;
        } catch (IOException e) {
            return null;
        }
    }

    /** Whether it can be loaded as far as names tell; without a setting the class path decides. */
    boolean loadable(String wanted) {
        return setting == null || folder != null && (version == null || version.startsWith(wanted));
    }

    String finding() {
        if (setting == null) {
            return VARIABLE + " is not set";
        }
        if (folder == null) {
            return "%s is %s, where there is no %s".formatted(VARIABLE, setting, System.mapLibraryName("torch"));
        }
        return "%s holds libtorch %s".formatted(folder, version == null ? "of unknown version" : version);
    }
}
