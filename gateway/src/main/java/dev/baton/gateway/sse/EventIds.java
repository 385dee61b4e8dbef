package dev.baton.gateway.sse;

import java.nio.charset.StandardCharsets;

/**
 * The ids of one stream's events. An event's place follows from the tokens alone, so a stream that is made again gives each the
 * same id, and what the client has is left out. A merged event has the id of its last part.
 */
final class EventIds {
    /** The client has this event. */
    static final long HAD = -2;

    /** No token produced it. */
    static final long NONE = -3;

    private final long[] had;
    private final long[] made;
    private final long[] written;
    private final StringBuilder line = new StringBuilder(32);

    EventIds(StreamPosition after) {
        this.had = after.copy();
        this.made = StreamPosition.start(had.length).copy();
        this.written = after.copy();
    }

    /** The place of the next event of a choice, or {@link #HAD}. Guarded by the stream. */
    long next(int choice, int token) {
        made[choice] = StreamPosition.next(made[choice], token);
        return made[choice] <= had[choice] ? HAD : made[choice];
    }

    /** Whether the client has nothing of any choice: it has not had what opens the stream either. */
    boolean fromTheStart() {
        for (long position : had) {
            if (position != StreamPosition.START) {
                return false;
            }
        }
        return true;
    }

    /** The line that goes before an event. On the connection's thread alone, in the order of the events. */
    byte[] line(int choice, long position) {
        written[choice] = position;
        line.setLength(0);
        line.append("id: ");
        StreamPosition.write(written, line);
        return line.append('\n').toString().getBytes(StandardCharsets.US_ASCII);
    }
}
