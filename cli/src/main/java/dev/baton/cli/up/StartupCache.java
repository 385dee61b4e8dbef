package dev.baton.cli.up;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.List;

/**
 * A JVM's cache of loaded and linked classes beside the build of a module. The first process of a module that is
 * stopped in peace leaves it; later ones start several times faster. The JVM itself refuses one that does not fit its
 * class path, so a stale cache costs speed and nothing else; one that is older than a jar of its class path is removed.
 */
final class StartupCache {
    private final Path file;
    private final Path fresh;

    private StartupCache(Path file, Path fresh) {
        this.file = file;
        this.fresh = fresh;
    }

    /** @param classPath of the module's processes */
    static StartupCache of(Path target, String classPath) {
        Path file = target.resolve("startup.aot");
        try {
            if (Files.exists(file) && olderThanAny(file, classPath)) {
                Files.delete(file);
            }
        } catch (IOException e) {
            // Used as it is: the JVM checks it.
        }
        return new StartupCache(file, target.resolve("startup.aot.fresh"));
    }

    private static boolean olderThanAny(Path file, String classPath) throws IOException {
        FileTime recorded = Files.getLastModifiedTime(file);
        for (String jar : classPath.split(File.pathSeparator)) {
            if (Files.getLastModifiedTime(Path.of(jar)).compareTo(recorded) > 0) {
                return true;
            }
        }
        return false;
    }

    boolean exists() {
        return Files.exists(file);
    }

    /** Uses the cache, or records one when there is none and {@code record} says so. */
    List<String> options(boolean record) {
        if (exists()) {
            return List.of("-XX:AOTCache=" + file, "-Xlog:aot*=off", "-Xlog:cds*=off");
        }
        return record ? List.of("-XX:AOTCacheOutput=" + fresh, "-Xlog:aot*=off", "-Xlog:cds*=off") : List.of();
    }

    /** The process that recorded has ended: its cache counts from now on. */
    void keep() {
        if (Files.exists(fresh)) {
            try {
                Files.deleteIfExists(fresh.resolveSibling(fresh.getFileName() + ".config"));
                Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                // Recorded again by the next start.
            }
        }
    }
}
