package dev.baton.gateway.openai;

import dev.baton.gateway.answer.AnswerBudget;
import dev.baton.gateway.body.ConnectionHandle;
import dev.baton.gateway.body.JsonBody;
import dev.baton.gateway.body.Pace;
import dev.baton.gateway.body.PacedBody;
import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.json.JsonPart;
import dev.baton.gateway.observe.RequestSpan;
import dev.baton.gateway.observe.RequestTrace;
import dev.baton.gateway.sse.AnswerBody;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.netty.NettyPipeline;
import reactor.netty.http.server.HttpServerResponse;

/**
 * The response to one request. Streams bypass Spring's encoders: each event is a buffer that goes to the connection as it
 * is and is flushed by itself.
 */
final class HttpResponse {
    private final ServerWebExchange exchange;
    private final RequestTrace trace;
    private final Pace pace;
    private volatile int status;

    HttpResponse(ServerWebExchange exchange, RequestTrace trace, Pace pace) {
        this.exchange = exchange;
        this.pace = pace;
        this.trace = trace;
        exchange.getResponse().getHeaders().set("x-request-id", trace.requestId());
        if (!trace.traceparent().isEmpty()) {
            exchange.getResponse().getHeaders().set("traceresponse", trace.traceparent());
        }
    }

    /**
     * What is asked for.
     *
     * @param endpoint of few: a tag of meters
     * @param operation of few: the name of the request's span
     */
    void serves(String endpoint, String operation) {
        trace.endpoint(endpoint);
        RequestSpan.name(exchange, operation);
    }

    ServerHttpRequest request() {
        return exchange.getRequest();
    }

    RequestTrace trace() {
        return trace;
    }

    /** What was sent, 0 before that. */
    int status() {
        return status;
    }

    ConnectionHandle connection() {
        Channel channel = channel();
        return new ConnectionHandle(channel.alloc(), channel.eventLoop(), channel::isWritable, channel::close);
    }

    private Channel channel() {
        AtomicReference<Channel> found = new AtomicReference<>();
        nativeResponse().withConnection(connection -> found.set(connection.channel()));
        return found.get();
    }

    /** Headers of the answer, whatever it will be. */
    void headers(Map<String, String> more) {
        more.forEach(exchange.getResponse().getHeaders()::set);
    }

    Mono<Void> json(int code, String body) {
        ServerHttpResponse response = exchange.getResponse();
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        status = code;
        response.setStatusCode(HttpStatusCode.valueOf(code));
        HttpHeaders headers = response.getHeaders();
        headers.setContentType(MediaType.APPLICATION_JSON);
        headers.setContentLength(bytes.length);
        setProcessingTime(headers);
        DataBuffer buffer = response.bufferFactory().wrap(bytes);
        return response.writeWith(Mono.just(buffer));
    }

    Mono<Void> error(ApiError error) {
        trace.failed(error);
        if (exchange.getResponse().isCommitted() || status != 0) {
            return Mono.empty();
        }
        error.headers().forEach(exchange.getResponse().getHeaders()::set);
        return json(error.status(), error.json());
    }

    /** @param silence longest time without a byte that the client waits */
    Mono<Void> events(AnswerBody events, Duration silence) {
        status = 200;
        HttpHeaders headers = exchange.getResponse().getHeaders();
        headers.set(HttpHeaders.CONTENT_TYPE, "text/event-stream; charset=utf-8");
        headers.set(HttpHeaders.CACHE_CONTROL, "no-cache");
        headers.set("X-Accel-Buffering", "no");
        setProcessingTime(headers);
        return send(events, pace.within(silence));
    }

    /** Sends a long document piece by piece; an eviction can then only close the connection. */
    Mono<Void> json(JsonPart body, AnswerBudget.Account account) {
        StringBuilder begun = new StringBuilder();
        if (body.write(begun, JsonBody.PIECE)) {
            return json(200, begun.toString());
        }
        ConnectionHandle connection = connection();
        account.whenEvicted(error -> {
            trace.failedInStream(error);
            connection.close().run();
        });
        status = 200;
        HttpHeaders headers = exchange.getResponse().getHeaders();
        headers.setContentType(MediaType.APPLICATION_JSON);
        setProcessingTime(headers);
        return send(new JsonBody(connection, begun, body), pace);
    }

    private Mono<Void> send(PacedBody body, Pace rate) {
        return Mono.using(
                () -> new Sending(channel(), body, rate),
                sending ->
                        nativeResponse().status(200).send(body, buffer -> true).then(),
                Sending::close);
    }

    /** Watches one body on its way: hears when the socket takes more, and when it is time for a comment. */
    private static final class Sending extends ChannelInboundHandlerAdapter implements AutoCloseable {
        private final Channel channel;
        private final PacedBody body;
        private final Disposable ticks;

        Sending(Channel channel, PacedBody body, Pace rate) {
            this.channel = channel;
            this.body = body;
            this.ticks = rate.watch(body);
            channel.pipeline().addBefore(NettyPipeline.ReactiveBridge, null, this);
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            body.wake();
            context.fireChannelWritabilityChanged();
        }

        @Override
        public void close() {
            ticks.dispose();
            body.cancel();
            if (channel.pipeline().context(this) != null) {
                channel.pipeline().remove(this);
            }
        }
    }

    private void setProcessingTime(HttpHeaders headers) {
        headers.set("openai-processing-ms", Long.toString(trace.elapsed().toMillis()));
    }

    private HttpServerResponse nativeResponse() {
        return ServerHttpResponseDecorator.getNativeResponse(exchange.getResponse());
    }
}
