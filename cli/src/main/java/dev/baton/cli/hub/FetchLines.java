package dev.baton.cli.hub;

import java.io.PrintWriter;
import java.util.Locale;

/** Shows a fetch: one moving line on a terminal, elsewhere a line for each tenth of a file. */
public final class FetchLines implements Progress {
    private static final long SHOW_EVERY = 200_000_000;

    private final PrintWriter out;
    private final boolean terminal;
    private String file = "";
    private long startedAt;
    private long startBytes;
    private long shownAt;
    private long tenth;

    public FetchLines(PrintWriter out) {
        this.out = out;
        this.terminal = System.console() != null && System.console().isTerminal();
    }

    @Override
    public void says(String line) {
        clear();
        out.println(line);
        out.flush();
    }

    @Override
    public void fetched(String name, long bytes, long ofBytes) {
        long now = System.nanoTime();
        if (!name.equals(file)) {
            file = name;
            startedAt = now;
            startBytes = bytes;
            shownAt = now;
            tenth = bytes * 10 / Math.max(1, ofBytes);
        }
        if (now - shownAt < SHOW_EVERY) {
            return;
        }
        shownAt = now;
        double rate = (bytes - startBytes) / Math.max(1e-9, (now - startedAt) / 1e9);
        String line =
                String.format(Locale.ROOT, "  %s  %s of %s  %s/s", name, size(bytes), size(ofBytes), size((long) rate));
        if (terminal) {
            out.print("\r\033[K" + line);
            out.flush();
        } else if (bytes * 10 / ofBytes > tenth) {
            tenth = bytes * 10 / ofBytes;
            out.println(line);
            out.flush();
        }
    }

    @Override
    public void done(String name, long bytes) {
        clear();
        out.println("  " + name + "  " + size(bytes));
        out.flush();
    }

    private void clear() {
        if (terminal) {
            out.print("\r\033[K");
        }
    }

    /** Bytes for people, in decimal units as hubs give them. */
    static String size(long bytes) {
        if (bytes < 1_000_000) {
            return String.format(Locale.ROOT, "%.1f kB", bytes / 1e3);
        }
        return bytes < 1_000_000_000
                ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
                : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
    }
}
