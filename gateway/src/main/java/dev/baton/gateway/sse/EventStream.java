package dev.baton.gateway.sse;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * The body of one streamed answer: takes pieces of text from any thread and hands buffers to the connection as fast as
 * it asks for them.
 *
 * <p>Without back pressure each piece becomes one chunk. When the reader is slow, pieces of a choice are merged into the
 * delta that waits, so the queue never holds more than an opening, a delta and an end per choice, and what a stalled
 * reader costs is the plain text of its answer, which the token limit of the request bounds.
 *
 * <p>State is guarded by {@code this}; {@code work} makes one thread at a time the drainer (the usual queue-drain of
 * reactive operators), so {@code onNext} is never called under the lock. The connection asks ahead of what its socket
 * takes, so a stalled reader is told by the socket's backlog as well as by missing demand.
 */
public final class EventStream implements Publisher<ByteBuf>, Subscription {
    private final ChunkTemplates templates;
    private final ConnectionHandle connection;
    private final Runnable onCancel;
    private final Queue<Event> waiting = new ArrayDeque<>();
    private final @Nullable Delta[] open;
    private final AtomicInteger work = new AtomicInteger();
    private final AtomicBoolean subscribed = new AtomicBoolean();
    private @Nullable Subscriber<? super ByteBuf> subscriber;
    private long requested;
    private boolean ended;
    private boolean closed;
    private boolean wroteSinceTick;
    private long lastBacklog;
    private int ticksStalled;

    private sealed interface Event {}

    private record Fixed(String text) implements Event {}

    private record FixedBytes(byte[] bytes) implements Event {}

    private static final class Delta implements Event {
        final int choice;
        final StringBuilder text = new StringBuilder();

        @Nullable
        LogprobBatch logprobs;

        Delta(int choice) {
            this.choice = choice;
        }
    }

    /** @param onCancel runs at once when the connection is gone before the end; must not block */
    public EventStream(ChunkTemplates templates, int choices, ConnectionHandle connection, Runnable onCancel) {
        this.templates = templates;
        this.connection = connection;
        this.onCancel = onCancel;
        this.open = new Delta[choices];
        if (templates.opensWithRole()) {
            for (int choice = 0; choice < choices; choice++) {
                waiting.add(new Fixed(templates.role(choice)));
            }
        }
    }

    /** Adds text, unescaped, and the log probabilities of the tokens that made it. */
    public void text(int choice, String text, @Nullable LogprobBatch logprobs) {
        synchronized (this) {
            if (ended || closed) {
                return;
            }
            Delta delta = open[choice];
            if (delta == null) {
                delta = new Delta(choice);
                open[choice] = delta;
                waiting.add(delta);
            }
            delta.text.append(text);
            if (logprobs != null) {
                delta.logprobs = delta.logprobs == null ? logprobs : delta.logprobs.plus(logprobs);
            }
        }
        drain();
    }

    public void finish(int choice, String reason) {
        synchronized (this) {
            open[choice] = null;
            add(new Fixed(templates.finish(choice, reason)));
        }
        drain();
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
        drain();
    }

    /** Ends the stream with an error event; {@code body} is JSON with the key {@code error}. */
    public void fail(String body) {
        synchronized (this) {
            add(new Fixed(ChunkTemplates.error(body)));
            add(new FixedBytes(ChunkTemplates.DONE));
            ended = true;
        }
        drain();
    }

    /** Adds a comment, which clients skip. */
    public void comment(String text) {
        synchronized (this) {
            add(new Fixed(": " + text + "\n\n"));
        }
        drain();
    }

    /**
     * To be called at a steady rate: writes a keep-alive comment when nothing was written since the last call.
     *
     * @return for how many calls in a row the reader has taken nothing although something waits for it
     */
    public int tick() {
        int stalled;
        synchronized (this) {
            if (closed || subscriber == null) {
                return 0;
            }
            long backlog = connection.backlog().getAsLong();
            boolean stuck =
                    backlog > 0 ? backlog >= lastBacklog && lastBacklog > 0 : !wroteSinceTick && !waiting.isEmpty();
            lastBacklog = backlog;
            ticksStalled = stuck ? ticksStalled + 1 : 0;
            if (!wroteSinceTick && waiting.isEmpty() && backlog == 0) {
                add(new FixedBytes(ChunkTemplates.KEEP_ALIVE));
            }
            wroteSinceTick = false;
            stalled = ticksStalled;
        }
        drain();
        return stalled;
    }

    private void add(Event event) {
        if (!ended && !closed) {
            waiting.add(event);
        }
    }

    @Override
    public void subscribe(Subscriber<? super ByteBuf> s) {
        if (!subscribed.compareAndSet(false, true)) {
            throw new IllegalStateException("an answer has one reader");
        }
        synchronized (this) {
            subscriber = s;
        }
        s.onSubscribe(this);
        drain();
    }

    @Override
    public void request(long n) {
        synchronized (this) {
            requested = requested + n < 0 ? Long.MAX_VALUE : requested + n;
        }
        drain();
    }

    @Override
    public void cancel() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            waiting.clear();
        }
        onCancel.run();
    }

    private void drain() {
        if (work.getAndIncrement() != 0) {
            return;
        }
        int missed = 1;
        do {
            while (emitOne()) {}
            missed = work.addAndGet(-missed);
        } while (missed != 0);
    }

    /** Hands one event, or the end, to the reader; false when there is nothing to hand over now. */
    private boolean emitOne() {
        Subscriber<? super ByteBuf> to;
        Event event;
        synchronized (this) {
            to = subscriber;
            if (to == null || closed) {
                return false;
            }
            if (waiting.isEmpty()) {
                if (!ended) {
                    return false;
                }
                closed = true;
                event = null;
            } else if (requested == 0) {
                return false;
            } else {
                if (requested != Long.MAX_VALUE) {
                    requested--;
                }
                event = waiting.remove();
                if (event instanceof Delta delta && open[delta.choice] == delta) {
                    open[delta.choice] = null;
                }
                wroteSinceTick = true;
            }
        }
        if (event == null) {
            to.onComplete();
            return false;
        }
        to.onNext(render(event));
        return true;
    }

    private ByteBuf render(Event event) {
        return switch (event) {
            case Fixed fixed -> ByteBufUtil.writeUtf8(connection.allocator(), fixed.text);
            case FixedBytes fixed ->
                connection.allocator().buffer(fixed.bytes.length).writeBytes(fixed.bytes);
            case Delta delta -> render(delta);
        };
    }

    private ByteBuf render(Delta delta) {
        StringBuilder escaped = new StringBuilder(delta.text.length() + 16);
        JsonText.escape(delta.text, escaped);
        byte[] before = templates.beforeText(delta.choice);
        if (delta.logprobs == null) {
            byte[] after = templates.afterText();
            ByteBuf buffer =
                    connection.allocator().buffer(before.length + ByteBufUtil.utf8Bytes(escaped) + after.length);
            buffer.writeBytes(before);
            ByteBufUtil.writeUtf8(buffer, escaped);
            return buffer.writeBytes(after);
        }
        escaped.append(templates.afterText(delta.logprobs.json()));
        ByteBuf buffer = connection.allocator().buffer(before.length + ByteBufUtil.utf8Bytes(escaped));
        buffer.writeBytes(before);
        ByteBufUtil.writeUtf8(buffer, escaped);
        return buffer;
    }
}
