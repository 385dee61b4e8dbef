package dev.baton.gateway.openai;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.observe.RequestTrace;
import dev.baton.gateway.sse.ConnectionHandle;
import dev.baton.gateway.sse.EventStream;
import io.netty.channel.Channel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReference;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerResponse;

/**
 * The response to one request. Streams bypass Spring's encoders: each event is a buffer that goes to the connection as it
 * is and is flushed by itself.
 */
final class HttpResponse {
    private final ServerWebExchange exchange;
    private final RequestTrace trace;
    private volatile int status;

    HttpResponse(ServerWebExchange exchange, RequestTrace trace) {
        this.exchange = exchange;
        this.trace = trace;
        exchange.getResponse().getHeaders().set("x-request-id", trace.requestId());
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
        AtomicReference<Channel> found = new AtomicReference<>();
        nativeResponse().withConnection(connection -> found.set(connection.channel()));
        Channel channel = found.get();
        return new ConnectionHandle(channel.alloc(), channel::bytesBeforeWritable, channel::close);
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

    Mono<Void> events(EventStream events) {
        status = 200;
        HttpHeaders headers = exchange.getResponse().getHeaders();
        headers.set(HttpHeaders.CONTENT_TYPE, "text/event-stream; charset=utf-8");
        headers.set(HttpHeaders.CACHE_CONTROL, "no-cache");
        headers.set("X-Accel-Buffering", "no");
        setProcessingTime(headers);
        return nativeResponse().status(200).send(events, buffer -> true).then().doFinally(signal -> events.cancel());
    }

    private void setProcessingTime(HttpHeaders headers) {
        headers.set("openai-processing-ms", Long.toString(trace.elapsed().toMillis()));
    }

    private HttpServerResponse nativeResponse() {
        return ServerHttpResponseDecorator.getNativeResponse(exchange.getResponse());
    }
}
