package dev.baton.gateway.sse;

import dev.baton.gateway.body.ConnectionHandle;
import dev.baton.gateway.json.JsonPart;
import dev.baton.gateway.json.JsonText;
import dev.baton.gateway.logprobs.Logprobs;
import dev.baton.gateway.sse.ResponseItem.Kind;
import dev.baton.gateway.toolcalls.CallPiece;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * The events of one streamed response. Its last events repeat all of its text, which is therefore kept to the end; what waits
 * for a slow reader is a place in it.
 *
 * <p>State is guarded by {@code this}.
 */
public final class ResponseEvents extends AnswerBody {
    /** Characters of text in one event at most, and of JSON in one buffer about. */
    private static final int PIECE = 4 * 1024;

    private final ResponseHead head;
    private final EventStream.Holder holder;
    private final Queue<Event> waiting = new ArrayDeque<>();
    private final List<ResponseItem> items = new ArrayList<>();
    private @Nullable StringBuilder open;
    private @Nullable Text last;
    private @Nullable JsonPart writing;

    /** Of what is being written some was handed over, and not all. */
    private boolean begun;

    private boolean dropped;
    private String reason = "stop";
    private int sequence;
    private boolean ended;

    private sealed interface Event {}

    /** @param parts of its JSON behind its type and number */
    private record Whole(String type, List<JsonPart> parts) implements Event {}

    /** Text of an item from a place on, as much as there is when it is written. */
    private static final class Text implements Event {
        final ResponseItem item;
        final StringBuilder text;
        int from;
        int to;

        Text(ResponseItem item, StringBuilder text) {
            this.item = item;
            this.text = text;
            this.from = text.length();
            this.to = from;
        }
    }

    private record Comment() implements Event {}

    public ResponseEvents(ResponseHead head, ConnectionHandle connection, EventStream.Holder holder) {
        super(connection);
        this.head = head;
        this.holder = holder;
        state("response.created", "in_progress", "null", List.of(), "null");
        state("response.in_progress", "in_progress", "null", List.of(), "null");
    }

    private void state(String type, String status, String error, List<ResponseItem> output, String usage) {
        List<JsonPart> parts = new ArrayList<>();
        parts.add(JsonPart.of("\"response\":"));
        head.write(status, error, output, usage, parts);
        add(new Whole(type, parts));
    }

    private void add(Event event) {
        if (!ended && !closed()) {
            waiting.add(event);
        }
    }

    @Override
    public void text(int choice, int token, String text, @Nullable Logprobs logprobs) {
        append(Kind.MESSAGE, text);
    }

    @Override
    public void reasoning(int choice, int token, String text) {
        append(Kind.REASONING, text);
    }

    private void append(Kind kind, String text) {
        if (text.isEmpty()) {
            return;
        }
        synchronized (this) {
            if (ended || closed()) {
                return;
            }
            if (open == null || items.getLast().kind != kind) {
                close("completed");
                StringBuilder held = new StringBuilder();
                begin(
                        kind == Kind.MESSAGE
                                ? ResponseItem.message(items.size(), head.answer(), held)
                                : ResponseItem.reasoning(items.size(), head.answer(), held),
                        held);
            }
            append(text);
        }
        wake();
    }

    @Override
    public void call(int choice, int token, CallPiece piece) {
        synchronized (this) {
            if (ended || closed()) {
                return;
            }
            if (piece.first()) {
                close("completed");
                StringBuilder held = new StringBuilder();
                begin(ResponseItem.call(items.size(), head.answer(), piece.id(), piece.name(), held), held);
            }
            append(piece.arguments());
        }
        wake();
    }

    private void begin(ResponseItem item, StringBuilder held) {
        items.add(item);
        open = held;
        add(new Whole(
                "response.output_item.added",
                List.of(JsonPart.of("\"output_index\":" + item.index + ",\"item\":" + item.begun()))));
        if (item.kind.hasPart()) {
            part("response.content_part.added", item, false);
        }
    }

    private void part(String type, ResponseItem item, boolean whole) {
        List<JsonPart> parts = new ArrayList<>();
        parts.add(JsonPart.of(item.place() + ",\"part\":"));
        item.part(whole, parts);
        add(new Whole(type, parts));
    }

    private void append(String text) {
        StringBuilder held = open;
        if (held == null || text.isEmpty()) {
            return;
        }
        Text before = last;
        if (before == null || before.text != held) {
            before = new Text(items.getLast(), held);
            last = before;
            waiting.add(before);
        }
        held.append(text);
        before.to = held.length();
    }

    private void close(String status) {
        if (open == null) {
            return;
        }
        open = null;
        last = null;
        ResponseItem item = items.getLast();
        add(new Whole(
                item.kind.event + ".done",
                List.of(
                        JsonPart.of(item.place() + (item.kind == Kind.MESSAGE ? ",\"logprobs\":[]" : "") + ",\""
                                + item.kind.field + "\":\""),
                        JsonPart.escaped(item.text()),
                        JsonPart.of("\""))));
        if (item.kind.hasPart()) {
            part("response.content_part.done", item, true);
        }
        List<JsonPart> parts = new ArrayList<>();
        parts.add(JsonPart.of("\"output_index\":" + item.index + ",\"item\":"));
        item.write(status, parts);
        add(new Whole("response.output_item.done", parts));
    }

    @Override
    public void finish(int choice, int token, String finishReason) {
        synchronized (this) {
            reason = finishReason;
        }
    }

    @Override
    public void end(Map<String, String> trailers) {
        synchronized (this) {
            if (ended || closed()) {
                return;
            }
            String status = ResponseHead.status(reason);
            if (items.isEmpty()) {
                StringBuilder nothing = new StringBuilder();
                begin(ResponseItem.message(0, head.answer(), nothing), nothing);
            }
            close(status);
            state("response." + status, status, "null", items, trailers.getOrDefault("usage", "null"));
            ended = true;
        }
        wake();
    }

    @Override
    public void fail(String body) {
        synchronized (this) {
            state("response.failed", "failed", body, List.of(), "null");
            ended = true;
        }
        wake();
    }

    @Override
    public void dropAndFail(String body) {
        boolean cut;
        synchronized (this) {
            if (exhausted()) {
                return;
            }
            cut = begun;
            drop();
            ended = false;
            state("response.failed", "failed", body, List.of(), "null");
            ended = true;
            dropped = true;
        }
        if (cut) {
            cut();
        } else {
            wake();
        }
    }

    /** The rest of an event that has begun would keep its text, so nothing more can be said. */
    private void cut() {
        cancel();
        connection().close().run();
    }

    @Override
    protected void idle() {
        synchronized (this) {
            add(new Comment());
        }
        wake();
    }

    @Override
    protected synchronized boolean waiting() {
        return writing != null || !waiting.isEmpty();
    }

    @Override
    protected synchronized boolean exhausted() {
        return ended && writing == null && waiting.isEmpty();
    }

    /** Keeps nothing of the answer. */
    private void drop() {
        waiting.clear();
        items.clear();
        open = null;
        last = null;
        writing = begun ? null : writing;
        ended = true;
    }

    /** Whether it holds any text of the answer. */
    synchronized boolean keepsText() {
        return open != null || !items.isEmpty();
    }

    @Override
    protected void abandoned() {
        synchronized (this) {
            drop();
        }
        holder.abandoned();
    }

    @Override
    protected @Nullable ByteBuf next() {
        JsonPart part;
        synchronized (this) {
            if (writing == null) {
                writing = nextEvent();
            }
            part = writing;
        }
        if (part == null) {
            return null;
        }
        StringBuilder piece = new StringBuilder();
        boolean done = part.write(piece, PIECE);
        boolean cut;
        synchronized (this) {
            begun = !done;
            writing = done || dropped && begun ? null : writing;
            cut = dropped && begun;
        }
        if (cut) {
            cut();
            return null;
        }
        ByteBuf buffer = connection().allocator().buffer(ByteBufUtil.utf8Bytes(piece));
        ByteBufUtil.writeUtf8(buffer, piece);
        return buffer;
    }

    private @Nullable JsonPart nextEvent() {
        return switch (waiting.peek()) {
            case null -> null;
            case Comment _ -> {
                waiting.remove();
                yield JsonPart.of(new String(ChunkTemplates.KEEP_ALIVE, StandardCharsets.US_ASCII));
            }
            case Whole(String type, List<JsonPart> parts) -> {
                waiting.remove();
                yield event(type, parts);
            }
            case Text text -> event(text.item.kind.event + ".delta", List.of(JsonPart.of(delta(text))));
        };
    }

    /** The next piece of what waits, which stays until all of it is taken. */
    private String delta(Text text) {
        int end = Math.min(text.to, text.from + PIECE);
        end += end < text.to && Character.isHighSurrogate(text.text.charAt(end - 1)) ? 1 : 0;
        StringBuilder json = new StringBuilder(text.item.place());
        json.append(text.item.kind == Kind.MESSAGE ? ",\"logprobs\":[]" : "").append(",\"delta\":\"");
        JsonText.escape(text.text.substring(text.from, end), json);
        text.from = end;
        if (end == text.to) {
            waiting.remove();
            last = last == text ? null : last;
        }
        return json.append('"').toString();
    }

    private JsonPart event(String type, List<JsonPart> parts) {
        List<JsonPart> all = new ArrayList<>();
        all.add(JsonPart.of(
                "event: " + type + "\ndata: {\"type\":\"" + type + "\",\"sequence_number\":" + sequence++ + ","));
        all.addAll(parts);
        all.add(JsonPart.of("}\n\n"));
        return JsonPart.sequence(all.iterator());
    }
}
