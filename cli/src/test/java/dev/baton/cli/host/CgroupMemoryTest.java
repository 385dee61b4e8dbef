package dev.baton.cli.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CgroupMemoryTest {
    @TempDir
    Path mount;

    @Test
    void takesTheSmallestRoomOnTheWayToTheRoot() throws IOException {
        v2("pod", "1000", "400");
        v2("pod/container", "max", "300");
        assertThat(memory("0::/pod/container").available()).hasValue(600);
        v2("pod/container", "500", "300");
        assertThat(memory("0::/pod/container").available()).hasValue(200);
    }

    @Test
    void countsCachedFilesAsRoom() throws IOException {
        v2("", "1000", "900");
        Files.writeString(mount.resolve("memory.stat"), "anon 100\ninactive_file 700\nactive_file 100\n");
        assertThat(memory("0::/").available()).hasValue(800);
    }

    @Test
    void readsTheGroupsOfVersionOne() throws IOException {
        Path group = Files.createDirectories(mount.resolve("memory/docker/abc"));
        Files.writeString(group.resolve("memory.limit_in_bytes"), "1000\n");
        Files.writeString(group.resolve("memory.usage_in_bytes"), "250\n");
        Files.writeString(mount.resolve("memory/memory.limit_in_bytes"), "9223372036854771712\n");
        Files.writeString(mount.resolve("memory/memory.usage_in_bytes"), "5000\n");
        assertThat(memory("5:cpu:/docker/abc\n4:memory:/docker/abc").available())
                .hasValue(750);
    }

    @Test
    void findsTheLimitOfAContainerThatKnowsOnlyItsNameOutside() throws IOException {
        v2("", "1000", "100");
        assertThat(memory("0::/kubepods/pod1/c1").available()).hasValue(900);
    }

    @Test
    void saysNothingWhereNothingLimits() throws IOException {
        v2("", "max", "100");
        assertThat(memory("0::/").available()).isEmpty();
        assertThat(memory("").available()).isEmpty();
        assertThat(new CgroupMemory(mount.resolve("absent"), mount).available()).isEmpty();
    }

    private void v2(String group, String limit, String used) throws IOException {
        Path folder = Files.createDirectories(mount.resolve(group));
        Files.writeString(folder.resolve("memory.max"), limit + "\n");
        Files.writeString(folder.resolve("memory.current"), used + "\n");
    }

    private CgroupMemory memory(String membership) throws IOException {
        return new CgroupMemory(Files.writeString(mount.resolve("membership"), membership + "\n"), mount);
    }
}
