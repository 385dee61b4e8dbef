package dev.baton.cli.up;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * One JVM of the stack that is ours: its command, its log, and the management port that says when it is ready.
 *
 * @param name "gateway", "prefill-0", …: also the name of the log file and the worker's id
 */
record Part(String name, List<String> command, Map<String, String> environment, Path log, int managementPort) {
    Process start() {
        try {
            Files.createDirectories(log.getParent());
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
            builder.environment().putAll(environment);
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + name + ": " + e.getMessage(), e);
        }
    }

    /** Whether its readiness probe answers 200. */
    boolean ready() {
        try {
            HttpURLConnection connection =
                    (HttpURLConnection) URI.create("http://127.0.0.1:" + managementPort + "/actuator/health/readiness")
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

    /** The last lines of its log that say what went wrong. */
    String lastWords() {
        try {
            List<String> lines = Files.readAllLines(log);
            List<String> telling = lines.stream()
                    .filter(line -> line.contains("ERROR")
                            || line.contains("Caused by")
                            || line.startsWith("Description:")
                            || line.startsWith("Action:")
                            || line.contains("Exception"))
                    .toList();
            List<String> source = telling.isEmpty() ? lines : telling;
            return String.join("\n    ", source.subList(Math.max(0, source.size() - 8), source.size()));
        } catch (IOException e) {
            return "(no log)";
        }
    }
}
