package dev.baton.cluster.management;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.ErrorResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/** Writes errors of the management port as RFC 9457 problems. */
final class Problems {
    private static final Logger LOG = LoggerFactory.getLogger(Problems.class);

    private Problems() {}

    /** Who is not known, and how to be. */
    static Mono<Void> unauthorized(ServerWebExchange exchange, String detail) {
        exchange.getResponse().getHeaders().set(HttpHeaders.WWW_AUTHENTICATE, "Bearer realm=\"baton management\"");
        return write(exchange, HttpStatus.UNAUTHORIZED, detail);
    }

    static Mono<Void> forbidden(ServerWebExchange exchange) {
        return write(
                exchange,
                HttpStatus.FORBIDDEN,
                "This key may look only; what changes something needs the role operate.");
    }

    /** What an endpoint did not catch. The cause of a fault of ours goes to the log alone. */
    static Mono<Void> of(ServerWebExchange exchange, Throwable failure) {
        if (exchange.getResponse().isCommitted()) {
            return Mono.error(failure);
        }
        if (failure instanceof ErrorResponse known) {
            String detail = known.getBody().getDetail();
            return write(exchange, known.getStatusCode(), detail == null ? "" : detail);
        }
        LOG.error(
                "{} {} failed",
                exchange.getRequest().getMethod(),
                exchange.getRequest().getPath(),
                failure);
        return write(exchange, HttpStatus.INTERNAL_SERVER_ERROR, "The log of this process says why.");
    }

    /** What {@link #of} answers such a failure with. */
    static HttpStatusCode statusOf(Throwable failure) {
        return failure instanceof ErrorResponse known ? known.getStatusCode() : HttpStatus.INTERNAL_SERVER_ERROR;
    }

    private static Mono<Void> write(ServerWebExchange exchange, HttpStatusCode status, String detail) {
        Map<String, Object> problem = new LinkedHashMap<>();
        HttpStatus known = HttpStatus.resolve(status.value());
        problem.put("title", known == null ? status.toString() : known.getReasonPhrase());
        problem.put("status", status.value());
        if (!detail.isEmpty()) {
            problem.put("detail", detail);
        }
        problem.put("instance", exchange.getRequest().getPath().value());
        byte[] body = JsonMapper.shared().writeValueAsString(problem).getBytes(StandardCharsets.UTF_8);
        ServerHttpResponse response = exchange.getResponse();
        response.setStatusCode(status);
        response.getHeaders().setContentType(MediaType.APPLICATION_PROBLEM_JSON);
        response.getHeaders().setContentLength(body.length);
        return response.writeWith(Mono.just(response.bufferFactory().wrap(body)));
    }
}
