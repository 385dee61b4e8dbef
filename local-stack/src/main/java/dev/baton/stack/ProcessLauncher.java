package dev.baton.stack;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Starts a command with its output in a log file and waits until it serves. */
final class ProcessLauncher {
    private static final Duration POLL = Duration.ofMillis(5);

    private ProcessLauncher() {}

    /** Returns as soon as the process exists. */
    static Process start(String name, List<String> command, Path folder, Path log) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.directory(folder.toFile());
            builder.redirectInput(
                    ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
            builder.redirectErrorStream(true);
            builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
            return builder.start();
        } catch (IOException e) {
            throw new StackException(name + " could not be started with '" + command.getFirst() + "'", e);
        }
    }

    /** The exit status of a process that has ended. */
    static OptionalInt exitStatus(Process process) {
        return process.isAlive() ? OptionalInt.empty() : OptionalInt.of(process.exitValue());
    }

    static void awaitReady(String name, Process process, Path log, Duration limit, BooleanSupplier ready) {
        long end = System.nanoTime() + limit.toNanos();
        while (!ready.getAsBoolean()) {
            if (!process.isAlive()) {
                throw new StackException(name + " ended with status " + process.exitValue()
                        + " before it was ready. Last lines of " + log + ":\n" + tail(log));
            }
            if (System.nanoTime() > end) {
                process.destroyForcibly();
                throw new StackException(name + " was not ready within " + limit + " and was ended. Last lines of "
                        + log + ":\n" + tail(log));
            }
            pause(process);
        }
    }

    /** A folder that only its owner can read. */
    static Path privateFolder(Path folder) {
        try {
            Files.createDirectories(folder);
            if (Files.getFileStore(folder).supportsFileAttributeView("posix")) {
                Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
            }
            return folder;
        } catch (IOException e) {
            throw new StackException("the folder " + folder + " cannot be made or kept private", e);
        }
    }

    /** Makes an empty file that only its owner can read, before anything is in it. */
    static void privateFile(Path file) throws IOException {
        if (Files.getFileStore(file.toAbsolutePath().getParent()).supportsFileAttributeView("posix")) {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        } else {
            Files.createFile(file);
        }
    }

    private static void pause(Process process) {
        try {
            process.waitFor(POLL.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new StackException("interrupted while waiting for pid " + process.pid(), e);
        }
    }

    static String tail(Path log) {
        try {
            List<String> lines = new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
        } catch (IOException e) {
            return "(no log: " + e.getMessage() + ")";
        }
    }
}
