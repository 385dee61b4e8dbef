package dev.baton.cli.up;

import dev.baton.stack.ChildProcess;
import dev.baton.stack.StackProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;

/**
 * One JVM of a role.
 *
 * @param logStart where in its log this process began to write: earlier ones have left their words there too
 * @param grace how long it may take to end before it is killed
 */
record RoleProcess(ProcessSpec spec, Process process, ChildProcess child, long logStart, Duration grace)
        implements StackProcess {
    private static final int LAST_WORDS = 8;

    static RoleProcess start(ProcessSpec spec, Duration grace) {
        try {
            Files.createDirectories(spec.log().getParent());
            long logStart = Files.exists(spec.log()) ? Files.size(spec.log()) : 0;
            ProcessBuilder builder = new ProcessBuilder(spec.command())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(spec.log().toFile()));
            builder.environment().putAll(spec.environment());
            Process process = builder.start();
            return new RoleProcess(spec, process, ChildProcess.of(spec.name(), process), logStart, grace);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + spec.name() + ": " + e.getMessage(), e);
        }
    }

    /** Whether its readiness probe answers 200. */
    @Override
    public boolean ready() {
        try {
            HttpURLConnection connection = (HttpURLConnection)
                    URI.create("http://127.0.0.1:" + spec.managementPort() + "/actuator/health/readiness")
                            .toURL()
                            .openConnection();
            connection.setConnectTimeout(500);
            connection.setReadTimeout(2_000);
            try {
                return connection.getResponseCode() == 200;
            } finally {
                connection.disconnect();
            }
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public OptionalInt exitStatus() {
        return process.isAlive() ? OptionalInt.empty() : OptionalInt.of(process.exitValue());
    }

    @Override
    public Path log() {
        return spec.log();
    }

    @Override
    public String lastWords() {
        try (InputStream in = Files.newInputStream(spec.log())) {
            in.skipNBytes(logStart);
            List<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            List<String> telling = lines.stream()
                    .filter(line -> line.contains("ERROR")
                            || line.contains("Caused by")
                            || line.startsWith("Description:")
                            || line.startsWith("Action:")
                            || line.contains("Exception"))
                    .toList();
            List<String> source = telling.isEmpty() ? lines : telling;
            return String.join("\n", source.subList(Math.max(0, source.size() - LAST_WORDS), source.size()));
        } catch (IOException e) {
            return "(no log)";
        }
    }

    /** Asks it to end, without waiting. */
    void ask() {
        child.handle().ifPresent(ProcessHandle::destroy);
    }

    @Override
    public void close() {
        child.stop(grace);
    }
}
