package dev.baton.cli.up;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * A JVM's cache of loaded and linked classes beside the build of a module. The first process of a module that is
 * stopped in peace leaves it; later ones start several times faster. The JVM itself refuses one that does not fit its
 * class path, so a stale cache costs speed and nothing else; a new build removes it.
 */
final class StartupCache {
    private final Path file;
    private final Path fresh;

    private StartupCache(Path file, Path fresh) {
        this.file = file;
        this.fresh = fresh;
    }

    static StartupCache of(Path target, String module) {
        Path file = target.resolve("startup.aot");
        Path jar = target.resolve(module + "-0.1.0-SNAPSHOT.jar");
        try {
            if (Files.exists(file) && Files.getLastModifiedTime(file).compareTo(Files.getLastModifiedTime(jar)) < 0) {
                Files.delete(file);
            }
        } catch (IOException e) {
            // Used as it is: the JVM checks it.
        }
        return new StartupCache(file, target.resolve("startup.aot.fresh"));
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
