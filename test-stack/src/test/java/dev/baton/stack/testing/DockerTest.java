package dev.baton.stack.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DockerTest {
    @TempDir
    Path folder;

    @Test
    void isAskedWhereTheVariableSays() throws Exception {
        assertThat(Docker.address("tcp://127.0.0.1:2376")).contains(new InetSocketAddress("127.0.0.1", 2376));
        Path socket = Files.createFile(folder.resolve("docker.sock"));
        assertThat(Docker.address("unix://" + socket)).contains(UnixDomainSocketAddress.of(socket));
        assertThat(Docker.address("unix://" + folder.resolve("absent"))).isEmpty();
    }

    @Test
    void isAskedAtItsPlainPortWhenNoneIsNamed() {
        assertThat(Docker.address("tcp://127.0.0.1")).contains(new InetSocketAddress("127.0.0.1", 2375));
    }

    /** Then the tests run on child processes. */
    @ParameterizedTest
    @ValueSource(strings = {"tcp://", "tcp://:2375", "not a uri", "unix:", "tcp://127.0.0.1:99999", "ssh://"})
    void isNotAskedWhereTheVariableMakesNoSense(String host) {
        assertThat(Docker.address(host)).isEmpty();
    }
}
