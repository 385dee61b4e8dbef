package dev.baton.cli.up;

import dev.baton.stack.ChildProcess;
import dev.baton.stack.StackProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
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
    private static final int LAST_LINES = 8;

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
        return RunningStack.ready(spec.managementPort());
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
            String log = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return FailureCause.in(log).orElseGet(() -> lastLines(log));
        } catch (IOException e) {
            return "(no log)";
        }
    }

    private static String lastLines(String log) {
        List<String> lines = log.lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
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
