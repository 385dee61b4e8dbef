package dev.baton.cli.up;

import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
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
        try (GrowingText text = new GrowingText(log, TAIL_BYTES)) {
            StringBuilder end = new StringBuilder();
            for (String more = text.more(); !more.isEmpty(); more = text.more()) {
                end.append(more);
            }
            out.print(lastLines(end.toString(), lines));
            out.flush();
            while (follow) {
                String more = text.more();
                if (more.isEmpty()) {
                    LocalStack.pause();
                } else {
                    out.print(more);
                    out.flush();
                }
            }
        } catch (IOException e) {
            throw new CliException("cannot read " + log + ": " + e.getMessage(), e);
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
