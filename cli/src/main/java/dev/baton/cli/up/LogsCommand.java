package dev.baton.cli.up;

import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton logs [PART] [-f]}: the end of a part's log, and with {@code -f} what it writes from now on. */
@Command(
        name = "logs",
        mixinStandardHelpOptions = true,
        description = "Shows the end of a part's log; without a name, which logs there are.")
public final class LogsCommand implements Runnable {
    /** As much of a log's end as is looked at for its last lines. */
    private static final int TAIL_BYTES = 1 << 20;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "PART", description = "As ./baton status lists it, e.g. gateway.")
    private @Nullable String name;

    @Option(
            names = {"-f", "--follow"},
            description = "Goes on until Ctrl-C.")
    private boolean follow;

    @Option(
            names = {"-n", "--lines"},
            defaultValue = "40",
            description = "How many lines from the end (default: ${DEFAULT-VALUE}).")
    private int lines;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        RunningStack stack = new RunningStack();
        List<String> logged = stack.logged();
        if (name == null) {
            out.println(
                    logged.isEmpty() ? "No logs yet: ./baton up writes them." : "Logs of " + String.join(", ", logged));
            out.flush();
            return;
        }
        if (!logged.contains(name)) {
            throw new CliException("no log of " + name + ": there are " + String.join(", ", logged));
        }
        show(stack.log(name), out);
    }

    private void show(Path log, PrintWriter out) {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            long from = Math.max(0, file.length() - TAIL_BYTES);
            file.seek(from);
            byte[] end = new byte[(int) (file.length() - from)];
            file.readFully(end);
            out.print(lastLines(new String(end, StandardCharsets.UTF_8), lines));
            out.flush();
            byte[] more = new byte[1 << 16];
            while (follow) {
                if (Files.size(log) < file.getFilePointer()) {
                    file.seek(0);
                }
                int read = file.read(more);
                if (read > 0) {
                    out.print(new String(more, 0, read, StandardCharsets.UTF_8));
                    out.flush();
                } else {
                    TimeUnit.MILLISECONDS.sleep(200);
                }
            }
        } catch (IOException e) {
            throw new CliException("cannot read " + log + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The last {@code count} lines of a text; its last line may still lack its end. */
    static String lastLines(String text, int count) {
        int start = text.endsWith("\n") ? text.length() - 1 : text.length();
        for (int left = count; left > 0 && start >= 0; left--) {
            start = text.lastIndexOf('\n', start - 1);
        }
        return text.substring(start + 1);
    }
}
