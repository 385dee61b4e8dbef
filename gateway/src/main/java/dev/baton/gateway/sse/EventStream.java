package dev.baton.gateway.sse;

import dev.baton.gateway.body.ConnectionHandle;
import dev.baton.gateway.body.PacedBody;
import dev.baton.gateway.json.JsonText;
import dev.baton.gateway.logprobs.LogprobFormat;
import dev.baton.gateway.logprobs.Logprobs;
import dev.baton.gateway.toolcalls.CallPiece;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * The body of one streamed answer: takes pieces of text from any thread and hands events to the connection as fast as
 * its socket takes them.
 *
 * <p>A reader that keeps up gets one chunk per piece. When it is slow, pieces of a choice are merged into the delta that
 * waits, up to a few kilobytes of text or log probabilities, so that an event is never long and what a stalled reader
 * costs is little more than the text and the numbers of its answer.
 *
 * <p>State is guarded by {@code this}.
 */
public final class EventStream extends PacedBody {
    /** A delta takes no more pieces at this many characters. */
    private static final int MOST_TEXT = 4 * 1024;

    /** A delta takes no more pieces at this many bytes of log probabilities: about 30 KB of JSON. */
    private static final long MOST_LOGPROBS = 6 * 1024;

    /** Pieces are merged behind this many waiting events even when the reader keeps up: its own thread is busy. */
    private static final int MANY = 64;

    private final ChunkTemplates templates;
    private final LogprobFormat format;
    private final Holder holder;
    private final Queue<Event> waiting = new ArrayDeque<>();
    private final @Nullable Delta[] open;
    private final @Nullable Call[] openCalls;
    private boolean ended;

    /** Hears what becomes of a stream and of what it holds. Must not block. */
    public interface Holder {
        /** The bytes are no longer held: text and log probabilities of this size were written or dropped. */
        void released(long bytes);

        /** The connection is gone before the end. */
        void abandoned();
    }

    private sealed interface Event {}

    private record Fixed(String text) implements Event {}

    private record FixedBytes(byte[] bytes) implements Event {}

    /** Arguments of one call that wait; a call's first part stays alone. */
    private static final class Call implements Event {
        final int choice;
        final CallPiece start;
        final StringBuilder arguments;

        Call(int choice, CallPiece start) {
            this.choice = choice;
            this.start = start;
            this.arguments = new StringBuilder(start.arguments());
        }

        boolean takes(CallPiece piece) {
            return !start.first() && start.index() == piece.index() && arguments.length() < MOST_TEXT;
        }

        CallPiece whole() {
            return new CallPiece(start.index(), start.id(), start.name(), arguments.toString());
        }
    }

    private static final class Delta implements Event {
        final int choice;
        final StringBuilder text;

        @Nullable
        Logprobs logprobs;

        Delta(int choice, String text, @Nullable Logprobs logprobs) {
            this.choice = choice;
            this.text = new StringBuilder(text);
            this.logprobs = logprobs;
        }

        boolean full() {
            return text.length() >= MOST_TEXT || (logprobs != null && logprobs.bytes() >= MOST_LOGPROBS);
        }

        void add(String piece, @Nullable Logprobs more) {
            text.append(piece);
            if (logprobs == null) {
                logprobs = more;
            } else if (more != null) {
                logprobs.add(more);
            }
        }

        long bytes() {
            return EventStream.bytes(text.length(), logprobs);
        }
    }

    public EventStream(
            ChunkTemplates templates, LogprobFormat format, int choices, ConnectionHandle connection, Holder holder) {
        super(connection);
        this.templates = templates;
        this.format = format;
        this.holder = holder;
        this.open = new Delta[choices];
        this.openCalls = new Call[choices];
        if (templates.opensWithRole()) {
            for (int choice = 0; choice < choices; choice++) {
                waiting.add(new Fixed(templates.role(choice)));
            }
        }
    }

    /** What text of this length and these log probabilities cost while they wait; the sum is the same when merged. */
    public static long bytes(int characters, @Nullable Logprobs logprobs) {
        return 2L * characters + (logprobs == null ? 0 : logprobs.bytes());
    }

    /**
     * Adds a piece of a choice's text.
     *
     * @param text unescaped; may be empty when {@code logprobs} is there
     */
    public void text(int choice, String text, @Nullable Logprobs logprobs) {
        synchronized (this) {
            if (ended || closed()) {
                return;
            }
            Delta delta = open[choice];
            if (delta == null || delta.full() || !(waiting.size() > MANY || slow())) {
                delta = new Delta(choice, text, logprobs);
                open[choice] = delta;
                waiting.add(delta);
            } else {
                delta.add(text, logprobs);
            }
        }
        wake();
    }

    /** Adds a part of a call that a choice makes. */
    public void call(int choice, CallPiece piece) {
        synchronized (this) {
            if (ended || closed()) {
                return;
            }
            open[choice] = null;
            Call last = openCalls[choice];
            if (last != null && last.takes(piece) && (waiting.size() > MANY || slow())) {
                last.arguments.append(piece.arguments());
            } else {
                Call call = new Call(choice, piece);
                openCalls[choice] = call;
                waiting.add(call);
            }
        }
        wake();
    }

    /** The choice has no more text. */
    public void finish(int choice, String reason) {
        synchronized (this) {
            open[choice] = null;
            openCalls[choice] = null;
            add(new Fixed(templates.finish(choice, reason)));
        }
        wake();
    }

    /**
     * Ends the stream.
     *
     * @param trailers fields, each with its JSON, that come in chunks of their own before the end
     */
    public void end(Map<String, String> trailers) {
        synchronized (this) {
            trailers.forEach((field, json) -> add(new Fixed(templates.trailer(field, json))));
            add(new FixedBytes(ChunkTemplates.DONE));
            ended = true;
        }
        wake();
    }

    /** Ends the stream with an error event behind what waits; {@code body} is JSON with the key {@code error}. */
    public void fail(String body) {
        synchronized (this) {
            add(new Fixed(ChunkTemplates.error(body)));
            add(new FixedBytes(ChunkTemplates.DONE));
            ended = true;
        }
        wake();
    }

    /** Ends the stream with an error event in the place of all that waits, the end included. */
    public void dropAndFail(String body) {
        synchronized (this) {
            if (exhausted()) {
                return;
            }
            waiting.clear();
            ended = false;
            add(new Fixed(ChunkTemplates.error(body)));
            add(new FixedBytes(ChunkTemplates.DONE));
            ended = true;
        }
        wake();
    }

    private void add(Event event) {
        if (!ended && !closed()) {
            waiting.add(event);
        }
    }

    @Override
    protected void idle() {
        synchronized (this) {
            add(new FixedBytes(ChunkTemplates.KEEP_ALIVE));
        }
        wake();
    }

    @Override
    protected synchronized boolean waiting() {
        return !waiting.isEmpty();
    }

    @Override
    protected synchronized boolean exhausted() {
        return ended && waiting.isEmpty();
    }

    @Override
    protected void abandoned() {
        synchronized (this) {
            waiting.clear();
        }
        holder.abandoned();
    }

    @Override
    protected @Nullable ByteBuf next() {
        Event event;
        synchronized (this) {
            event = waiting.poll();
            if (event instanceof Delta delta && open[delta.choice] == delta) {
                open[delta.choice] = null;
            }
            if (event instanceof Call call && openCalls[call.choice] == call) {
                openCalls[call.choice] = null;
            }
        }
        return switch (event) {
            case null -> null;
            case Fixed fixed -> ByteBufUtil.writeUtf8(connection().allocator(), fixed.text);
            case FixedBytes fixed ->
                connection().allocator().buffer(fixed.bytes.length).writeBytes(fixed.bytes);
            case Call call -> {
                CallPiece piece = call.whole();
                holder.released(piece.bytes());
                yield ByteBufUtil.writeUtf8(connection().allocator(), templates.call(call.choice, piece));
            }
            case Delta delta -> {
                holder.released(delta.bytes());
                yield render(delta);
            }
        };
    }

    private ByteBuf render(Delta delta) {
        StringBuilder rest = new StringBuilder(delta.text.length() + 16);
        JsonText.escape(delta.text, rest);
        byte[] before = templates.beforeText(delta.choice);
        byte[] after = {};
        if (delta.logprobs == null) {
            after = templates.afterText();
        } else {
            rest.append(templates.beforeLogprobs());
            format.json(List.of(delta.logprobs)).write(rest, Integer.MAX_VALUE);
            rest.append(templates.afterLogprobs());
        }
        ByteBuf buffer = connection().allocator().buffer(before.length + ByteBufUtil.utf8Bytes(rest) + after.length);
        buffer.writeBytes(before);
        ByteBufUtil.writeUtf8(buffer, rest);
        return buffer.writeBytes(after);
    }
}
