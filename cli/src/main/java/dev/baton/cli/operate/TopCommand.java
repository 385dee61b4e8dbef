package dev.baton.cli.operate;

import dev.baton.cli.host.CliException;
import dev.baton.cli.up.StackPorts;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code baton top}: workers and running requests, again and again on a terminal, once where there is none. */
@Command(
        name = "top",
        mixinStandardHelpOptions = true,
        description = "Shows workers, running requests, tokens a second and hit share, live on a terminal.")
public final class TopCommand implements Runnable {
    private static final String ALTERNATE_SCREEN = "\033[?1049h\033[?25l";
    private static final String BACK = "\033[?25h\033[?1049l";
    private static final String HOME = "\033[H";
    private static final String REST_OF_LINE = "\033[K";
    private static final String REST_OF_SCREEN = "\033[J";
    private static final int DEFAULT_LINES = 24;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Option(names = "--once", description = "Prints one look and ends, on a terminal too.")
    private boolean once;

    @Option(
            names = "--every",
            defaultValue = "1",
            description = "Seconds between two looks (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Override
    public void run() {
        if (seconds < 1 || seconds > 3_600) {
            throw new CliException("--every takes 1 to 3600, not " + seconds);
        }
        PrintWriter out = spec.commandLine().getOut();
        StackPorts stack = StackPorts.ofRunningStack();
        if (once || System.console() == null || !System.console().isTerminal()) {
            screen(stack).lines(Integer.MAX_VALUE).forEach(out::println);
            out.flush();
            return;
        }
        // Ctrl-C ends it: the terminal must be as it was.
        Thread restore = new Thread(() -> write(out, BACK), "terminal");
        Runtime.getRuntime().addShutdownHook(restore);
        write(out, ALTERNATE_SCREEN);
        try {
            while (true) {
                write(out, frame(look(stack)));
                TimeUnit.SECONDS.sleep(seconds);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            write(out, BACK);
            Runtime.getRuntime().removeShutdownHook(restore);
        }
    }

    /** A gateway that does not answer may come back: that is no end. */
    private static List<String> look(StackPorts stack) {
        try {
            return screen(stack).lines(terminalLines() - 1);
        } catch (CliException e) {
            return List.of(Columns.left("Baton  " + stack.url() + ": " + e.getMessage(), Columns.WIDTH));
        }
    }

    private static TopScreen screen(StackPorts stack) {
        int port = stack.gateway();
        return new TopScreen(
                stack.url().toString(),
                stack.calls().json(port, "workers"),
                stack.calls().json(port, "kv"),
                stack.calls().json(port, "requests"));
    }

    /** Overwrites in place, so that nothing flickers. */
    private static String frame(List<String> lines) {
        return HOME + String.join(REST_OF_LINE + "\r\n", lines) + REST_OF_LINE + REST_OF_SCREEN;
    }

    private static int terminalLines() {
        try {
            int lines = Integer.parseInt(System.getenv().getOrDefault("LINES", String.valueOf(DEFAULT_LINES)));
            return Math.max(10, lines);
        } catch (NumberFormatException e) {
            return DEFAULT_LINES;
        }
    }

    private static void write(PrintWriter out, String text) {
        out.print(text);
        out.flush();
    }
}
