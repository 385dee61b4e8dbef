package dev.baton.gateway.connection;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GenericFutureListener;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Closes a connection whose peer takes none of the bytes that were written, whatever they belong to. */
@SuppressWarnings("FutureReturnValueIgnored") // Nothing depends on when a connection has closed.
final class StalledWrites extends ChannelOutboundHandlerAdapter {
    /** Looks within the limit, so that one look more or less does not matter. */
    private static final int LOOKS = 4;

    private final long interval;
    private final GenericFutureListener<Future<Void>> taken = written -> moved = true;
    private @Nullable Future<?> look;
    private boolean moved;
    private long partly;
    private int quiet;

    StalledWrites(Duration limit) {
        this.interval = Math.max(1, limit.toNanos() / LOOKS);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        context.write(message, promise.unvoid().addListener(taken));
        if (look == null) {
            quiet = 0;
            lookLater(context);
        }
    }

    private void lookLater(ChannelHandlerContext context) {
        look = context.executor().schedule(() -> look(context), interval, TimeUnit.NANOSECONDS);
    }

    /** Goes on while something is pending. */
    private void look(ChannelHandlerContext context) {
        ChannelOutboundBuffer pending = context.channel().unsafe().outboundBuffer();
        if (pending == null || pending.totalPendingWriteBytes() == 0) {
            look = null;
            return;
        }
        moved |= pending.currentProgress() != partly;
        partly = pending.currentProgress();
        quiet = moved ? 0 : quiet + 1;
        moved = false;
        if (quiet < LOOKS) {
            lookLater(context);
        } else {
            context.close();
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        Future<?> last = look;
        if (last != null) {
            last.cancel(false);
        }
    }
}
