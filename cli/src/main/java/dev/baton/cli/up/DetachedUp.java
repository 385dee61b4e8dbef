package dev.baton.cli.up;

import dev.baton.cli.host.CliException;
import dev.baton.cli.host.Installation;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** {@code up --detach}: a second process of this program runs the stack, and this one shows its lines until it is ready. */
final class DetachedUp {
    private static final long POLL_MILLIS = 100;

    private DetachedUp() {}

    /**
     * Returns once the stack is up.
     *
     * @param arguments of the command line, without {@code --detach}
     * @param readyLine how the line begins that {@code up} prints when all serve
     * @throws CliException when it ends before that
     */
    static void start(List<String> arguments, String readyLine, Consumer<String> progress) {
        Path log = Installation.state().resolve("logs").resolve(ProcessRecord.SELF + ".log");
        try {
            Files.createDirectories(log.getParent());
            Files.deleteIfExists(log);
            Process up = new ProcessBuilder(command(arguments))
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            try (GrowingText output = new GrowingText(log, Long.MAX_VALUE)) {
                showUntilReady(up, output, readyLine, progress);
            }
        } catch (IOException e) {
            throw new CliException("cannot start the stack in the background: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted; ./baton down ends what has been started", e);
        }
    }

    private static void showUntilReady(Process up, GrowingText output, String readyLine, Consumer<String> progress)
            throws IOException, InterruptedException {
        StringBuilder line = new StringBuilder();
        boolean ready = false;
        boolean ended = false;
        while (true) {
            String more = output.more();
            if (!more.isEmpty()) {
                line.append(more);
                for (int end = line.indexOf("\n"); end >= 0; end = line.indexOf("\n")) {
                    String whole = line.substring(0, end);
                    line.delete(0, end + 1);
                    progress.accept(whole);
                    ready |= whole.startsWith(readyLine);
                }
            } else if (ready) {
                return;
            } else if (ended) {
                throw new CliException("'up' ended with status " + up.exitValue());
            } else {
                ended = up.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
            }
        }
    }

    /** This JVM's command with other arguments, in a session of its own where {@code setsid} is there. */
    private static List<String> command(List<String> arguments) {
        List<String> command = new ArrayList<>();
        for (String folder : List.of("/usr/bin", "/bin")) {
            if (command.isEmpty() && Files.isExecutable(Path.of(folder, "setsid"))) {
                command.add(Path.of(folder, "setsid").toString());
            }
        }
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.baton.cli.Baton"));
        command.addAll(arguments);
        return command;
    }
}
