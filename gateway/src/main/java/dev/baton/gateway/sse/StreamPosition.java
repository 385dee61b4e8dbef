package dev.baton.gateway.sse;

import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * How much of a resumable stream a client has, as the {@code id} of an event says it: for each choice the index of the token
 * that produced the choice's last event, and after a dot which of that token's events it is where it is not the first. Choices
 * are parted by commas.
 */
public final class StreamPosition {
    /** Nothing of a choice. */
    static final long START = -1;

    private static final int ORDINAL_BITS = 20;
    private static final Pattern FORM = Pattern.compile("-1|(0|[1-9]\\d{0,8})(\\.[1-9]\\d{0,4})?");

    private final long[] choices;

    private StreamPosition(long[] choices) {
        this.choices = choices;
    }

    public static StreamPosition start(int choices) {
        long[] all = new long[choices];
        Arrays.fill(all, START);
        return new StreamPosition(all);
    }

    /** Empty when it is no position in a stream of so many choices. */
    public static Optional<StreamPosition> parse(String text, int choices) {
        String[] parts = text.split(",", -1);
        if (parts.length != choices) {
            return Optional.empty();
        }
        long[] all = new long[choices];
        for (int i = 0; i < choices; i++) {
            if (!FORM.matcher(parts[i]).matches()) {
                return Optional.empty();
            }
            int dot = parts[i].indexOf('.');
            int token = Integer.parseInt(dot < 0 ? parts[i] : parts[i].substring(0, dot));
            all[i] = token < 0 ? START : of(token, dot < 0 ? 0 : Integer.parseInt(parts[i].substring(dot + 1)));
        }
        return Optional.of(new StreamPosition(all));
    }

    static long of(int token, int ordinal) {
        return (long) token << ORDINAL_BITS | ordinal;
    }

    /** The event that follows {@code last} when this token produces it. */
    static long next(long last, int token) {
        return last != START && last >> ORDINAL_BITS == token ? last + 1 : of(token, 0);
    }

    long[] copy() {
        return choices.clone();
    }

    static void write(long[] positions, StringBuilder to) {
        for (int i = 0; i < positions.length; i++) {
            if (i > 0) {
                to.append(',');
            }
            long position = positions[i];
            if (position == START) {
                to.append(START);
                continue;
            }
            to.append(position >> ORDINAL_BITS);
            long ordinal = position & ((1L << ORDINAL_BITS) - 1);
            if (ordinal > 0) {
                to.append('.').append(ordinal);
            }
        }
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        write(choices, text);
        return text.toString();
    }
}
