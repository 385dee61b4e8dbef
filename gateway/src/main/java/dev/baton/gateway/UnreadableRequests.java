package dev.baton.gateway;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.observe.EdgeMetrics;
import dev.baton.gateway.observe.RequestTrace;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import reactor.netty.NettyPipeline;

/**
 * Gives an error body to what never became a request: a line, an address or headers that the server itself refuses, with a
 * bare status. Clients read the same form of error as everywhere else.
 */
final class UnreadableRequests implements WebServerFactoryCustomizer<NettyReactiveWebServerFactory> {
    private static final String NAME = "baton-unreadable";

    private final EdgeMetrics metrics;

    UnreadableRequests(EdgeMetrics metrics) {
        this.metrics = metrics;
    }

    @Override
    public void customize(NettyReactiveWebServerFactory factory) {
        factory.addServerCustomizers(
                server -> server.doOnChannelInit((observer, channel, remote) -> answerOn(channel)));
    }

    private void answerOn(Channel channel) {
        ChannelPipeline pipeline = channel.pipeline();
        if (pipeline.get(NettyPipeline.HttpCodec) != null) {
            pipeline.addAfter(NettyPipeline.HttpCodec, NAME, new Answering());
        }
    }

    private static @Nullable ApiError error(FullHttpResponse bare) {
        if (bare.content().isReadable() || bare.headers().getInt(HttpHeaderNames.CONTENT_LENGTH, 0) > 0) {
            return null;
        }
        return switch (bare.status().code()) {
            case 400 -> ApiError.badRequest(null, "The address or the headers of this request are malformed.");
            case 414 -> ApiError.addressTooLong();
            case 431 -> ApiError.headersTooLarge();
            default -> null;
        };
    }

    private final class Answering extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
            ApiError error = message instanceof FullHttpResponse bare ? error(bare) : null;
            if (error == null) {
                context.write(message, promise);
                return;
            }
            FullHttpResponse bare = (FullHttpResponse) message;
            context.write(answer(bare, error), promise);
            bare.release();
        }

        private FullHttpResponse answer(FullHttpResponse bare, ApiError error) {
            RequestTrace trace = new RequestTrace(
                    metrics, UUID.randomUUID().toString().replace("-", ""), "a request that cannot be read");
            trace.failed(error);
            byte[] body = error.json().getBytes(StandardCharsets.UTF_8);
            FullHttpResponse answer =
                    new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, bare.status(), Unpooled.wrappedBuffer(body));
            error.headers().forEach(answer.headers()::set);
            answer.headers()
                    .add(bare.headers())
                    .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
                    .setInt(HttpHeaderNames.CONTENT_LENGTH, body.length)
                    .set("x-request-id", trace.requestId())
                    .set("openai-processing-ms", Long.toString(trace.elapsed().toMillis()));
            trace.end(error.status(), false);
            return answer;
        }
    }
}
