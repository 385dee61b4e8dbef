package dev.baton.gateway.body;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * A body that is made as the socket takes it. The connection asks for many buffers ahead, so demand alone says little: a
 * buffer is made only while the socket also takes more. Buffers are made and handed over on the connection's own thread.
 *
 * <p>Subclasses guard what they hold by themselves and call {@link #wake} when there may be something new.
 */
public abstract class PacedBody implements Publisher<ByteBuf>, Subscription {
    /** Buffers handed over before other connections of the same thread have their turn. */
    private static final int TURN = 64;

    private final ConnectionHandle connection;
    private final AtomicBoolean subscribed = new AtomicBoolean();
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private volatile @Nullable Subscriber<? super ByteBuf> subscriber;

    /** Guarded by {@code this}, like all below. */
    private long requested;

    private boolean closed;
    private boolean wroteSinceTick;

    protected PacedBody(ConnectionHandle connection) {
        this.connection = connection;
    }

    protected final ConnectionHandle connection() {
        return connection;
    }

    /** The next buffer, null when there is none now. On the connection's thread. */
    protected abstract @Nullable ByteBuf next();

    /** Whether something waits to be made into a buffer. */
    protected abstract boolean waiting();

    /** Whether {@link #next} has given all that there will be. */
    protected abstract boolean exhausted();

    /** The connection is gone before the end. At most once; must not block. */
    protected abstract void abandoned();

    /** Nothing was written since the last tick, and nothing waits. */
    protected void idle() {}

    /** The reader is there and has not asked for more than it was given, or its socket is full. */
    protected final synchronized boolean slow() {
        return subscriber != null && (requested == 0 || !connection.writable().getAsBoolean());
    }

    /** Whether this body was given up or handed over to its end. */
    protected final synchronized boolean closed() {
        return closed;
    }

    /** Hands over what there is, soon. Any thread. */
    public final void wake() {
        if (scheduled.compareAndSet(false, true)) {
            try {
                connection.loop().execute(this::drain);
            } catch (RejectedExecutionException e) {
                // The server has ended, and its connections with it.
                cancel();
            }
        }
    }

    private void drain() {
        scheduled.set(false);
        for (int i = 0; i < TURN; i++) {
            if (!handOver()) {
                return;
            }
        }
        wake();
    }

    /** Hands one buffer, or the end, to the reader; false when there is nothing to hand over now. */
    private boolean handOver() {
        Subscriber<? super ByteBuf> to = subscriber;
        if (to == null || closed()) {
            return false;
        }
        if (exhausted()) {
            if (close()) {
                to.onComplete();
            }
            return false;
        }
        if (slow()) {
            return false;
        }
        ByteBuf buffer = next();
        if (buffer == null) {
            return exhausted();
        }
        synchronized (this) {
            if (requested != Long.MAX_VALUE) {
                requested--;
            }
            wroteSinceTick = true;
        }
        to.onNext(buffer);
        return true;
    }

    /** True for the first call. */
    private synchronized boolean close() {
        boolean first = !closed;
        closed = true;
        return first;
    }

    /** To be called at a steady rate from the subscription on. */
    public final void tick() {
        boolean idle;
        synchronized (this) {
            idle = subscriber != null && !closed && !wroteSinceTick && !waiting();
            wroteSinceTick = false;
        }
        if (idle && connection.writable().getAsBoolean()) {
            idle();
        }
    }

    @Override
    public final void subscribe(Subscriber<? super ByteBuf> s) {
        if (!subscribed.compareAndSet(false, true)) {
            throw new IllegalStateException("a body has one reader");
        }
        subscriber = s;
        s.onSubscribe(this);
        wake();
    }

    @Override
    public final void request(long n) {
        synchronized (this) {
            requested = requested + n < 0 ? Long.MAX_VALUE : requested + n;
        }
        wake();
    }

    @Override
    public final void cancel() {
        if (close()) {
            abandoned();
        }
    }
}
