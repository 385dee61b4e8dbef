package dev.baton.kv.ffm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** On processes: the one with a keeper is killed, or ends. */
class MemoryKeeperTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int READS = 1_000;

    @Test
    void aKilledProcessClosesItsSocketsWhileAnotherHasItsMemory() throws Exception {
        withKept((process, keeper, socket) -> {
            assertThat(sameMemory(keeper, process.toHandle())).isTrue();
            assertThat(openFilesAtLast(keeper)).as("its view of the other one").isOne();

            process.destroyForcibly();

            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        });
    }

    @Test
    void aProcessThatEndsLeavesNoKeeperBehind() throws Exception {
        withKept((process, keeper, socket) -> {
            socket.getOutputStream().write('e');

            assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        });
    }

    /** What happens to a process that has a keeper and is connected to the test. */
    private interface Fate {
        void befall(Process process, ProcessHandle keeper, Socket socket) throws Exception;
    }

    /** Its keeper ends in time, whatever the fate. */
    private static void withKept(Fate fate) throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout((int) LIMIT.toMillis());
            Process process = child(server.getLocalPort());
            try (Socket socket = server.accept()) {
                socket.setSoTimeout((int) LIMIT.toMillis());
                assertThat(socket.getInputStream().read()).isEqualTo('k');
                ProcessHandle keeper = keeper(process);

                fate.befall(process, keeper, socket);

                keeper.onExit().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            } finally {
                process.destroyForcibly();
            }
        }
    }

    private static ProcessHandle keeper(Process process) {
        List<ProcessHandle> children = process.children().toList();
        assertThat(children).hasSize(1);
        return children.getFirst();
    }

    /** The two have the same size, read between two reads of the other that are equal. */
    private static boolean sameMemory(ProcessHandle one, ProcessHandle other) throws IOException {
        for (int read = 0; read < READS; read++) {
            long before = memory(other);
            long between = memory(one);
            if (before == memory(other)) {
                return between == before;
            }
        }
        throw new AssertionError("its memory did not stay the same for a moment in %d reads".formatted(READS));
    }

    /** Its size in pages. */
    private static long memory(ProcessHandle process) throws IOException {
        String sizes = Files.readString(Path.of("/proc/%d/statm".formatted(process.pid())));
        return Long.parseLong(sizes.substring(0, sizes.indexOf(' ')));
    }

    /** It closes what it was born with a moment after its maker goes on. */
    private static long openFilesAtLast(ProcessHandle process) throws IOException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (openFiles(process) != 1 && System.nanoTime() < end) {
            Thread.onSpinWait();
        }
        return openFiles(process);
    }

    private static long openFiles(ProcessHandle process) throws IOException {
        try (var files = Files.list(Path.of("/proc/%d/fd".formatted(process.pid())))) {
            return files.count();
        }
    }

    private static Process child(int port) {
        try {
            return new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "--enable-native-access=ALL-UNNAMED",
                            "-Xmx64m",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Child.class.getName(),
                            Integer.toString(port))
                    .inheritIO()
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Says {@code k} to the test once it has a keeper, and ends when it is told something. */
    static final class Child {
        public static void main(String[] args) throws IOException {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0])));
                socket.setSoTimeout((int) LIMIT.toMillis());
                socket.getOutputStream().write(MemoryKeeper.start() ? 'k' : 'n');
                socket.getInputStream().read();
            }
        }
    }
}
