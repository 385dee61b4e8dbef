package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StartupCacheTest {
    @TempDir
    private Path folder;

    private Path module;
    private Path other;
    private Path cache;

    @BeforeEach
    void aCacheThatIsYoungerThanItsJars() throws IOException {
        module = file("module.jar", 1);
        other = file("other.jar", 1);
        cache = file("startup.aot", 2);
    }

    @Test
    void itIsUsedAsLongAsNoJarIsYounger() {
        assertThat(cacheOf().exists()).isTrue();
        assertThat(cacheOf().options(true)).contains("-XX:AOTCache=" + cache);
    }

    @Test
    void aYoungerJarOfAnotherModuleRemovesIt() throws IOException {
        Files.setLastModifiedTime(other, FileTime.fromMillis(3));
        assertThat(cacheOf().exists()).isFalse();
        assertThat(cache).doesNotExist();
        assertThat(cacheOf().options(true)).anyMatch(option -> option.startsWith("-XX:AOTCacheOutput="));
        assertThat(cacheOf().options(false)).isEmpty();
    }

    private StartupCache cacheOf() {
        return StartupCache.of(folder, module + File.pathSeparator + other);
    }

    private Path file(String name, long modified) throws IOException {
        return Files.setLastModifiedTime(Files.createFile(folder.resolve(name)), FileTime.fromMillis(modified));
    }
}
