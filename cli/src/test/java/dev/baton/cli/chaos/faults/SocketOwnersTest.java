package dev.baton.cli.chaos.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SocketOwnersTest {
    @Test
    void namesTheProcessThatIsConnectedAndNoOther() throws IOException {
        assumeTrue(Files.exists(Path.of("/proc/net/tcp")), "there is no /proc here");
        Map<String, Long> processes =
                Map.of("init", 1L, "this", ProcessHandle.current().pid());
        SocketOwners owners = new SocketOwners(() -> processes);
        int port;
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                Socket client = new Socket(server.getInetAddress(), server.getLocalPort())) {
            port = server.getLocalPort();
            assertThat(owners.of(client.getLocalPort(), port)).contains("this");
            assertThat(owners.of(client.getLocalPort(), port + 1)).isEmpty();
            assertThat(new SocketOwners(Map::of).of(client.getLocalPort(), port))
                    .isEmpty();
        }
    }
}
