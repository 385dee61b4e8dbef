package dev.baton.explorer;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What happened, for people: kept only where somebody wants to read it. And the first thing that must not have been. */
public final class Notes {
    private static final int MOST = 4_000;

    private final Timeline time;
    private final boolean kept;
    private final Deque<String> lines = new ArrayDeque<>();
    private @Nullable String wrong;
    private @Nullable Throwable cause;

    Notes(Timeline time, boolean kept) {
        this.time = time;
        this.kept = kept;
    }

    public void add(String format, Object... values) {
        if (kept) {
            if (lines.size() == MOST) {
                lines.removeFirst();
            }
            lines.add(
                    String.format(Locale.ROOT, "%11.3f ", time.millis()) + String.format(Locale.ROOT, format, values));
        }
    }

    public boolean kept() {
        return kept;
    }

    public void wrong(String what) {
        wrong(what, null);
    }

    void wrong(String what, @Nullable Throwable thrown) {
        if (wrong == null) {
            wrong = String.format(Locale.ROOT, "at %.3f ms: %s", time.millis(), what);
            cause = thrown;
            add("WRONG: %s", what);
        }
    }

    @Nullable
    String wrong() {
        return wrong;
    }

    @Nullable
    Throwable cause() {
        return cause;
    }

    String lines() {
        return String.join("\n", lines);
    }
}
