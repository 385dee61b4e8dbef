package dev.baton.stack.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StackUsageTest {
    @TempDir
    Path root;

    @BeforeEach
    void makeRoot() throws Exception {
        Files.createFile(root.resolve("mvnw"));
        Files.createDirectories(root.resolve("module/sub"));
    }

    @Test
    void addsUpTheLatestBuildFromAnyFolderInside() throws Exception {
        Path folder = Files.createDirectories(root.resolve("target/stack-usage"));
        Path earlier = Files.writeString(folder.resolve("earlier"), "CONTAINERS\n");
        Files.setLastModifiedTime(earlier, FileTime.from(Instant.EPOCH));
        Files.writeString(folder.resolve("later"), "CHILD_PROCESSES\nCONTAINERS\nCHILD_PROCESSES\n");
        assertThat(StackUsage.summary(root.resolve("module/sub")))
                .contains("1 tests on containers")
                .contains("2 on child processes");
    }

    @Test
    void saysWhenNoTestUsedThem() throws Exception {
        assertThat(StackUsage.summary(root)).contains("no test");
    }

    @Test
    void startsEachPartOnce() {
        assertThat(TestStack.shared().redis()).isEqualTo(TestStack.shared().redis());
        assertThat(TestStack.shared().redis().getPort()).isPositive();
    }
}
