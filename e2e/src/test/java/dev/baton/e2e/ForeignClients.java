package dev.baton.e2e;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Clients in other languages with what they need, kept in a folder of the user's from one run to the next. What is not there
 * is fetched within a bounded time.
 */
final class ForeignClients {
    private static final Path SOURCES = Path.of("src", "test", "clients").toAbsolutePath();
    private static final Path KEPT = Path.of(System.getProperty("user.home"), ".cache", "baton", "clients");
    private static final Duration INSTALL = Duration.ofSeconds(30);
    private static final Duration CHECK = Duration.ofSeconds(60);

    private final Path folder;
    private final List<String> command;

    /** Why it cannot run; null when it can. */
    final @Nullable String missing;

    private ForeignClients(Path folder, List<String> command, @Nullable String missing) {
        this.folder = folder;
        this.command = command;
        this.missing = missing;
    }

    static ForeignClients node() {
        Path folder = copied("node");
        String fault = onPath("node") && onPath("npm") ? null : "there is no Node.js here";
        if (fault == null && !Files.exists(folder.resolve("ready"))) {
            fault = installed(
                    folder,
                    List.of(
                            "npm",
                            "install",
                            "--no-audit",
                            "--no-fund",
                            "--prefer-offline",
                            "--fetch-retries=0",
                            "--fetch-timeout=10000"));
        }
        return new ForeignClients(folder, List.of("node", "check.mjs"), fault);
    }

    static ForeignClients python() {
        Path folder = copied("python");
        String python = folder.resolve("venv").resolve("bin").resolve("python").toString();
        String fault = onPath("python3") ? null : "there is no Python here";
        if (fault == null && !Files.exists(folder.resolve("ready"))) {
            fault = run(folder, INSTALL, List.of("python3", "-m", "venv", "venv"));
            if (fault == null) {
                fault = installed(
                        folder,
                        List.of(
                                python,
                                "-m",
                                "pip",
                                "install",
                                "--quiet",
                                "--disable-pip-version-check",
                                "--retries=0",
                                "--timeout=10",
                                "--requirement=requirements.txt"));
            }
        }
        return new ForeignClients(folder, List.of(python, "check.py"), fault);
    }

    /** Runs its checks against a gateway; null when all hold, else what it said. */
    @Nullable
    String check(String baseUrl) {
        List<String> all = new ArrayList<>(command);
        all.add(baseUrl);
        return run(folder, CHECK, all);
    }

    private static @Nullable String installed(Path folder, List<String> install) {
        String fault = run(folder, INSTALL, install);
        if (fault != null) {
            return "its packages are not here and could not be fetched: " + fault;
        }
        try {
            Files.writeString(folder.resolve("ready"), "");
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Other versions of what is needed have a folder of their own. */
    private static Path copied(String language) {
        try (Stream<Path> sources = Files.list(SOURCES.resolve(language))) {
            List<Path> files = sources.sorted().toList();
            Path needs = files.stream()
                    .filter(file -> !file.getFileName().toString().startsWith("check"))
                    .findFirst()
                    .orElseThrow();
            String version = Integer.toHexString(Files.readString(needs).hashCode());
            Path folder = Files.createDirectories(KEPT.resolve(language + "-" + version));
            for (Path file : files) {
                Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean onPath(String program) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    /** Null when it ended well in time, else the end of what it said. */
    private static @Nullable String run(Path folder, Duration limit, List<String> command) {
        try {
            Path output = Files.createTempFile("baton-client", ".out");
            try {
                Process process = new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
                boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
                if (!ended) {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly().waitFor();
                }
                String said = Files.readString(output);
                if (ended && process.exitValue() == 0) {
                    return null;
                }
                return (ended ? "" : "not done within " + limit.toSeconds() + " s: ")
                        + said.substring(Math.max(0, said.length() - 2_000));
            } finally {
                Files.delete(output);
            }
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }
}
