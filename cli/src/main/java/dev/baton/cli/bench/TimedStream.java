package dev.baton.cli.bench;

import dev.baton.cli.client.ChatListener;
import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.client.ResumingChat;
import dev.baton.cli.host.CliException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** One streamed answer of a bench that kills workers: its text, when each piece came, and what usage and timing said. */
public final class TimedStream implements ChatListener {
    private final int after;
    private final CountDownLatch underWay;
    private final StringBuilder text = new StringBuilder();
    private long[] times = new long[256];
    private int pieces;
    private int cached;
    private int attempts = 1;
    private List<JsonNode> recoveries = List.of();
    private long asked;
    private long ended;
    private @Nullable String failure;

    /** One that nothing waits for. */
    public TimedStream() {
        this(0, new CountDownLatch(0));
    }

    /** @param underWay counted down once: when so many pieces have come, or at the end if there are fewer */
    public TimedStream(int after, CountDownLatch underWay) {
        this.after = after;
        this.underWay = underWay;
    }

    /** Asks, and blocks until the answer has ended; a failure is kept, not thrown. */
    public void ask(GatewayClient gateway, ObjectNode chat) {
        ask(() -> gateway.chat(chat, this));
    }

    /** The same, and goes on at the next gateway where its stream breaks. */
    public void ask(ResumingChat resuming, ObjectNode chat) {
        ask(() -> resuming.chat(chat, this));
    }

    private void ask(Runnable chat) {
        asked = System.nanoTime();
        try {
            chat.run();
        } catch (CliException e) {
            failure = e.getMessage();
        } finally {
            ended = System.nanoTime();
            if (pieces < after) {
                underWay.countDown();
            }
        }
    }

    @Override
    public void text(String delta) {
        text.append(delta);
        if (pieces == times.length) {
            times = Arrays.copyOf(times, 2 * pieces);
        }
        times[pieces++] = System.nanoTime();
        if (pieces == after) {
            underWay.countDown();
        }
    }

    @Override
    public void usage(JsonNode usage) {
        cached = usage.path("prompt_tokens_details").path("cached_tokens").asInt(0);
    }

    @Override
    public void timing(JsonNode timing) {
        attempts = timing.path("attempts").asInt(1);
        recoveries = List.copyOf(timing.path("recoveries").values());
    }

    /** What its gateway said of each time that a worker of it was lost, oldest first. */
    public List<JsonNode> recoveries() {
        return recoveries;
    }

    /** Why it failed; null when it did not. */
    public @Nullable String failure() {
        return failure;
    }

    public boolean sameText(TimedStream other) {
        return CharSequence.compare(text, other.text) == 0;
    }

    /** Prompt tokens found in a cache. */
    int cached() {
        return cached;
    }

    /** Whether a worker of it died, so that it went on elsewhere. */
    public boolean struck() {
        return attempts > 1;
    }

    public int pieces() {
        return pieces;
    }

    /** When a piece came, by {@link System#nanoTime}. */
    long time(int piece) {
        return times[piece];
    }

    /** Nanoseconds between two pieces, or between that time and the next piece: tokens on their way come after it. */
    long longestGapAfter(long time) {
        long longest = 0;
        for (int i = 1; i < pieces; i++) {
            if (times[i] > time) {
                longest = Math.max(longest, times[i] - Math.max(times[i - 1], time));
            }
        }
        return longest;
    }

    /** Nanoseconds of the longest wait for a piece or for the end, of what lies between two times. */
    public long longestWaitBetween(long from, long to) {
        long longest = 0;
        long before = asked;
        for (int i = 0; i <= pieces; i++) {
            long at = i < pieces ? times[i] : ended;
            longest = Math.max(longest, Math.min(at, to) - Math.max(before, from));
            before = at;
        }
        return longest;
    }

    /** Whether it was under way at some time between these two. */
    public boolean underWayBetween(long from, long to) {
        return asked < to && ended > from;
    }

    /** Whether its text is another's with one stretch of it twice in a row. */
    public boolean repeats(TimedStream other) {
        int twice = text.length() - other.text.length();
        if (twice <= 0) {
            return false;
        }
        int same = 0;
        while (same < other.text.length() && text.charAt(same) == other.text.charAt(same)) {
            same++;
        }
        return same >= twice && text.substring(same).contentEquals(other.text.substring(same - twice));
    }

    /** Whether its text is the beginning of another's. */
    public boolean begins(TimedStream other) {
        return other.text.length() >= text.length()
                && CharSequence.compare(text, other.text.subSequence(0, text.length())) == 0;
    }
}
