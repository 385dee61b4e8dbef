package dev.baton.bench.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A program to start. */
record Child(List<String> command, Map<String, String> environment) {
    Child {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
    }

    /** The program did not do its work; the message is for people. */
    static final class Failed extends Exception {
        Failed(String message) {
            super(message);
        }
    }

    /** Runs it to its end and gives the lines of its standard output; one that runs longer is killed. */
    List<String> run(Duration limit) throws Failed {
        String program = Path.of(command.getFirst()).getFileName().toString();
        try {
            Path out = Files.createTempFile("baton-bench-", ".out");
            Path errors = Files.createTempFile("baton-bench-", ".err");
            try {
                ProcessBuilder builder = new ProcessBuilder(command)
                        .redirectInput(ProcessBuilder.Redirect.from(
                                Path.of("/dev/null").toFile()))
                        .redirectOutput(out.toFile())
                        .redirectError(errors.toFile());
                builder.environment().putAll(environment);
                Process process = builder.start();
                try {
                    if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
                        throw new Failed("%s did not end within %d s".formatted(program, limit.toSeconds()));
                    }
                } finally {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly().waitFor();
                }
                if (process.exitValue() != 0) {
                    throw new Failed("%s ended with %d: %s".formatted(program, process.exitValue(), lastLine(errors)));
                }
                return lines(out);
            } finally {
                Files.delete(out);
                Files.delete(errors);
            }
        } catch (IOException e) {
            throw new Failed("%s does not run: %s".formatted(program, e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failed("interrupted");
        }
    }

    private static List<String> lines(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    private static String lastLine(Path file) throws IOException {
        return lines(file).reversed().stream()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .findFirst()
                .orElse("it said nothing");
    }
}
