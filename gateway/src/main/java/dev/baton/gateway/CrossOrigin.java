package dev.baton.gateway;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.quota.RateLimitHeaders;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.reactive.CorsUtils;
import org.springframework.web.cors.reactive.DefaultCorsProcessor;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/** Which web pages of other origins may call from a browser; none unless they are named. */
final class CrossOrigin implements WebFilter {
    private static final Duration REMEMBERED = Duration.ofHours(1);

    private final DefaultCorsProcessor processor = new DefaultCorsProcessor();
    private final CorsConfiguration allowed = new CorsConfiguration();
    private final boolean any;

    CrossOrigin(List<String> origins) {
        any = !origins.isEmpty();
        allowed.setAllowedOrigins(origins);
        allowed.setAllowedMethods(List.of("GET", "POST"));
        allowed.setAllowedHeaders(List.of(CorsConfiguration.ALL));
        allowed.setExposedHeaders(List.of(
                "x-request-id",
                "openai-processing-ms",
                "retry-after",
                "retry-after-ms",
                "x-should-retry",
                "x-baton-stream"));
        RateLimitHeaders.NAMES.forEach(allowed::addExposedHeader);
        allowed.setMaxAge(REMEMBERED);
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        if (!any || !CorsUtils.isCorsRequest(exchange.getRequest())) {
            return chain.filter(exchange);
        }
        if (!processor.process(allowed, exchange)) {
            return refuse(exchange.getResponse());
        }
        return CorsUtils.isPreFlightRequest(exchange.getRequest()) ? Mono.empty() : chain.filter(exchange);
    }

    private static Mono<Void> refuse(ServerHttpResponse response) {
        ApiError error = ApiError.foreignOrigin();
        response.setStatusCode(HttpStatus.FORBIDDEN);
        response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
        error.headers().forEach(response.getHeaders()::set);
        return response.writeWith(Mono.fromSupplier(
                () -> response.bufferFactory().wrap(error.json().getBytes(StandardCharsets.UTF_8))));
    }
}
