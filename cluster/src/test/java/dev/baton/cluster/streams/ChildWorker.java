package dev.baton.cluster.streams;

import dev.baton.cluster.tls.ClusterTls;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** A worker's stream in a process of its own, to be killed and frozen. */
final class ChildWorker implements AutoCloseable {
    private final Process process;
    private final int port;

    private ChildWorker(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    static ChildWorker start(long epoch, int port) throws IOException {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                ChildWorker.class.getName(),
                Long.toString(epoch),
                Integer.toString(port));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = out.readLine();
        if (line == null) {
            throw new IOException("the worker ended with status " + process.exitValue());
        }
        return new ChildWorker(process, Integer.parseInt(line));
    }

    int port() {
        return port;
    }

    boolean alive() {
        return process.isAlive();
    }

    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** SIGSTOP or SIGCONT. */
    void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** Ends when its parent does: the parent holds the other end of its input. */
    @SuppressWarnings("SystemOut")
    public static void main(String[] args) throws IOException {
        Welcome welcome = Welcome.newBuilder()
                .setWorker(WorkerRef.newBuilder().setId("w").setEpoch(Long.parseLong(args[0])))
                .setRole(WorkerState.Role.DECODE)
                .build();
        TokenStreamServer server = new TokenStreamServer(
                welcome,
                TokenStreamTest.OPEN,
                TokenStreamTest.settings(),
                (requestId, attempt) -> {},
                new StreamMetrics(new SimpleMeterRegistry()));
        int port = server.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[1])), ClusterTls.NONE);
        System.out.println(port);
        System.out.flush();
        while (System.in.read() >= 0) {
            // Waits for the end of the parent.
        }
        Runtime.getRuntime().halt(0);
    }
}
