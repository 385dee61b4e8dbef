package dev.baton.cli.bench;

import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/** One moving line on a terminal; nothing where the output is not one. */
public final class ProgressBar {
    private static final int WIDTH = 30;

    private final PrintWriter out;
    private final boolean terminal;

    public ProgressBar(PrintWriter out) {
        this.out = out;
        this.terminal = System.console() != null && System.console().isTerminal();
    }

    public void show(double share, String detail) {
        if (terminal) {
            int full = (int) Math.round(Math.clamp(share, 0, 1) * WIDTH);
            out.print("\r\033[K  [" + "█".repeat(full) + "·".repeat(WIDTH - full) + "] " + detail);
            out.flush();
        }
    }

    public void done(@Nullable String line) {
        if (terminal) {
            out.print("\r\033[K");
        }
        if (line != null) {
            out.println(line);
        }
        out.flush();
    }
}
