package dev.baton.gateway.sse;

import dev.baton.gateway.body.ConnectionHandle;
import dev.baton.gateway.json.JsonText;
import dev.baton.gateway.logprobs.LogprobFormat;
import dev.baton.gateway.logprobs.Logprobs;
import dev.baton.gateway.toolcalls.CallPiece;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
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
public final class EventStream extends AnswerBody {
    /** A delta takes no more pieces at this many characters. */
    private static final int MOST_TEXT = 4 * 1024;

    /** A delta takes no more pieces at this many bytes of log probabilities: about 30 KB of JSON. */
    private static final long MOST_LOGPROBS = 6 * 1024;

    /** Pieces are merged behind this many waiting events even when the reader keeps up: its own thread is busy. */
    private static final int MANY = 64;

    private static final byte[] NO_ID = {};

    private final ChunkTemplates templates;
    private final LogprobFormat format;
    private final Holder holder;
    private final Queue<Event> waiting = new ArrayDeque<>();
    private final @Nullable Delta[] open;
    private final @Nullable Call[] openCalls;
    private final @Nullable EventIds ids;
    private boolean ended;

    /** Index of the last token of the last choice. */
    private int last;

    /** Hears what becomes of a stream and of what it holds. Must not block. */
    public interface Holder {
        /** The bytes are no longer held: text and log probabilities of this size were written or dropped. */
        void released(long bytes);

        /** The connection is gone before the end. */
        void abandoned();
    }

    private sealed interface Event {}

    /** @param position its place in a stream whose events have ids, {@link EventIds#NONE} for none */
    private record Fixed(String text, int choice, long position) implements Event {
        Fixed(String text) {
            this(text, 0, EventIds.NONE);
        }
    }

    private record FixedBytes(byte[] bytes) implements Event {}

    /** One that takes more parts while it waits. */
    private abstract static sealed class Growing implements Event {
        final int choice;

        /** Of its last part. */
        long position;

        Growing(int choice, long position) {
            this.choice = choice;
            this.position = position;
        }
    }

    /** Arguments of one call that wait; a call's first part stays alone. */
    private static final class Call extends Growing {
        final CallPiece start;
        final StringBuilder arguments;

        Call(int choice, long position, CallPiece start) {
            super(choice, position);
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

    private static final class Delta extends Growing {
        final boolean reasoning;
        final StringBuilder text;

        @Nullable
        Logprobs logprobs;

        Delta(int choice, long position, boolean reasoning, String text, @Nullable Logprobs logprobs) {
            super(choice, position);
            this.reasoning = reasoning;
            this.text = new StringBuilder(text);
            this.logprobs = logprobs;
        }

        boolean full() {
            return text.length() >= MOST_TEXT || (logprobs != null && logprobs.bytes() >= MOST_LOGPROBS);
        }

        void add(long at, String piece, @Nullable Logprobs more) {
            position = at;
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
        this(templates, format, choices, connection, holder, null);
    }

    /** @param after what the client has of a stream whose events have ids; null for one without */
    public EventStream(
            ChunkTemplates templates,
            LogprobFormat format,
            int choices,
            ConnectionHandle connection,
            Holder holder,
            @Nullable StreamPosition after) {
        super(connection);
        this.ids = after == null ? null : new EventIds(after);
        this.templates = templates;
        this.format = format;
        this.holder = holder;
        this.open = new Delta[choices];
        this.openCalls = new Call[choices];
        if (templates.opensWithRole() && (ids == null || ids.fromTheStart())) {
            for (int choice = 0; choice < choices; choice++) {
                waiting.add(new Fixed(templates.role(choice)));
            }
        }
    }

    /** What text of this length and these log probabilities cost while they wait; the sum is the same when merged. */
    public static long bytes(int characters, @Nullable Logprobs logprobs) {
        return 2L * characters + (logprobs == null ? 0 : logprobs.bytes());
    }

    private long place(int choice, int token) {
        return ids == null ? EventIds.NONE : ids.next(choice, token);
    }

    @Override
    public void text(int choice, int token, String text, @Nullable Logprobs logprobs) {
        add(choice, token, false, text, logprobs);
    }

    @Override
    public void reasoning(int choice, int token, String text) {
        add(choice, token, true, text, null);
    }

    private void add(int choice, int token, boolean reasoning, String text, @Nullable Logprobs logprobs) {
        synchronized (this) {
            if (ended || closed()) {
                return;
            }
            long place = place(choice, token);
            if (place == EventIds.HAD) {
                holder.released(bytes(text.length(), logprobs));
                return;
            }
            Delta delta = open[choice];
            boolean merges = delta != null && delta.reasoning == reasoning && !delta.full();
            if (delta == null || !merges || !(waiting.size() > MANY || slow())) {
                delta = new Delta(choice, place, reasoning, text, logprobs);
                open[choice] = delta;
                waiting.add(delta);
            } else {
                delta.add(place, text, logprobs);
            }
        }
        wake();
    }

    @Override
    public void call(int choice, int token, CallPiece piece) {
        synchronized (this) {
            if (ended || closed()) {
                return;
            }
            long place = place(choice, token);
            if (place == EventIds.HAD) {
                holder.released(piece.bytes());
                return;
            }
            open[choice] = null;
            Call before = openCalls[choice];
            if (before != null && before.takes(piece) && (waiting.size() > MANY || slow())) {
                before.arguments.append(piece.arguments());
                before.position = place;
            } else {
                Call call = new Call(choice, place, piece);
                openCalls[choice] = call;
                waiting.add(call);
            }
        }
        wake();
    }

    @Override
    public void finish(int choice, int token, String reason) {
        synchronized (this) {
            open[choice] = null;
            openCalls[choice] = null;
            last = choice == open.length - 1 ? token : last;
            addPlaced(choice, token, templates.finish(choice, reason));
        }
        wake();
    }

    /** Each trailer comes in a chunk of its own. */
    @Override
    public void end(Map<String, String> trailers) {
        synchronized (this) {
            // What comes after all choices counts as the last one's.
            int choice = open.length - 1;
            trailers.forEach((field, json) -> addPlaced(choice, last, templates.trailer(field, json)));
            if (ids == null) {
                add(new FixedBytes(ChunkTemplates.DONE));
            } else {
                addPlaced(choice, last, new String(ChunkTemplates.DONE, StandardCharsets.US_ASCII));
            }
            ended = true;
        }
        wake();
    }

    @Override
    public void fail(String body) {
        synchronized (this) {
            add(new Fixed(ChunkTemplates.error(body)));
            add(new FixedBytes(ChunkTemplates.DONE));
            ended = true;
        }
        wake();
    }

    @Override
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

    private void addPlaced(int choice, int token, String text) {
        long place = place(choice, token);
        if (place != EventIds.HAD) {
            add(new Fixed(text, choice, place));
        }
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
            case Fixed fixed -> placed(fixed.choice, fixed.position, fixed.text);
            case FixedBytes fixed ->
                connection().allocator().buffer(fixed.bytes.length).writeBytes(fixed.bytes);
            case Call call -> {
                CallPiece piece = call.whole();
                holder.released(piece.bytes());
                yield placed(call.choice, call.position, templates.call(call.choice, piece));
            }
            case Delta delta -> {
                holder.released(delta.bytes());
                yield render(delta);
            }
        };
    }

    private byte[] id(int choice, long position) {
        return ids == null || position == EventIds.NONE ? NO_ID : ids.line(choice, position);
    }

    private ByteBuf placed(int choice, long position, String text) {
        byte[] id = id(choice, position);
        ByteBuf buffer = connection().allocator().buffer(id.length + ByteBufUtil.utf8Bytes(text));
        buffer.writeBytes(id);
        ByteBufUtil.writeUtf8(buffer, text);
        return buffer;
    }

    private ByteBuf render(Delta delta) {
        StringBuilder rest = new StringBuilder(delta.text.length() + 16);
        JsonText.escape(delta.text, rest);
        byte[] before = delta.reasoning
                ? templates.beforeReasoning(delta.choice).getBytes(StandardCharsets.UTF_8)
                : templates.beforeText(delta.choice);
        byte[] after = {};
        if (delta.logprobs == null) {
            after = templates.afterText();
        } else {
            rest.append(templates.beforeLogprobs());
            format.json(List.of(delta.logprobs)).write(rest, Integer.MAX_VALUE);
            rest.append(templates.afterLogprobs());
        }
        byte[] id = id(delta.choice, delta.position);
        ByteBuf buffer =
                connection().allocator().buffer(id.length + before.length + ByteBufUtil.utf8Bytes(rest) + after.length);
        buffer.writeBytes(id).writeBytes(before);
        ByteBufUtil.writeUtf8(buffer, rest);
        return buffer.writeBytes(after);
    }
}
