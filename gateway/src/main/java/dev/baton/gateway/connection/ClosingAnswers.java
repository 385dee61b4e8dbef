package dev.baton.gateway.connection;

import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * From when this gateway is about to end, each answer says {@code Connection: close}: its client asks on a new connection
 * next time, and so of another gateway.
 */
public final class ClosingAnswers implements WebFilter, Ordered {
    private volatile boolean closing;

    /** Each answer from now on. Any thread. */
    public void begin() {
        closing = true;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        if (closing) {
            exchange.getResponse().getHeaders().setConnection("close");
        }
        return chain.filter(exchange);
    }

    /** Before what may answer by itself. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }
}
