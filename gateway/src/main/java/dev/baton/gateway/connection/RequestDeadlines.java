package dev.baton.gateway.connection;

import dev.baton.gateway.error.ApiError;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Ends a connection whose request arrives too slowly: its head, counted from the first byte, or its body, counted from
 * the head, also when its answer was sent long ago. However many bytes come, a request that does not end is not waited for.
 *
 * <p>Stands behind the HTTP codec; {@link #bytes} stands before it. A timer runs only for what one read did not complete.
 */
@SuppressWarnings("FutureReturnValueIgnored") // Nothing depends on when a connection has closed.
final class RequestDeadlines extends ChannelDuplexHandler {
    /** Requests that may wait on a connection, the one that is answered among them; clients of this API send none ahead. */
    private static final int MOST_UNANSWERED = 64;

    private final Duration head;
    private final Duration body;
    private Phase phase = Phase.BETWEEN;
    private @Nullable Future<?> timer;
    private int unanswered;

    /** What of a request is arriving. */
    private enum Phase {
        BETWEEN,
        HEAD,
        BODY
    }

    RequestDeadlines(Duration head, Duration body) {
        this.head = head;
        this.body = body;
    }

    /** Sees the bytes from which the codec makes requests. */
    ChannelInboundHandlerAdapter bytes() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) {
                if (phase == Phase.BETWEEN) {
                    enter(Phase.HEAD);
                }
                context.fireChannelRead(message);
            }
        };
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpRequest) {
            if (++unanswered > MOST_UNANSWERED) {
                ReferenceCountUtil.release(message);
                context.close();
                return;
            }
            enter(Phase.BODY);
        }
        if (message instanceof LastHttpContent) {
            enter(Phase.BETWEEN);
        }
        context.fireChannelRead(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (timer == null && phase != Phase.BETWEEN) {
            schedule(context);
        }
        context.fireChannelReadComplete();
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        boolean informational = message instanceof HttpResponse response
                && response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
        if (message instanceof LastHttpContent && !informational) {
            unanswered--;
        }
        context.write(message, promise);
    }

    private void enter(Phase next) {
        phase = next;
        Future<?> running = timer;
        if (running != null) {
            running.cancel(false);
            timer = null;
        }
    }

    private void schedule(ChannelHandlerContext context) {
        Duration limit = phase == Phase.HEAD ? head : body;
        timer = context.executor().schedule(() -> passed(context), limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void passed(ChannelHandlerContext context) {
        if (phase == Phase.BODY) {
            context.close();
        } else if (unanswered > 0) {
            // A stray line end behind a body must not cut the answer that is under way.
            schedule(context);
        } else {
            context.writeAndFlush(tooSlow()).addListener(ChannelFutureListener.CLOSE);
        }
    }

    private HttpResponse tooSlow() {
        ApiError error = ApiError.headTooSlow(head);
        byte[] json = error.json().getBytes(StandardCharsets.UTF_8);
        DefaultFullHttpResponse answer = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.REQUEST_TIMEOUT, Unpooled.wrappedBuffer(json));
        answer.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
                .setInt(HttpHeaderNames.CONTENT_LENGTH, json.length);
        error.headers().forEach(answer.headers()::set);
        return answer;
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        enter(Phase.BETWEEN);
    }
}
