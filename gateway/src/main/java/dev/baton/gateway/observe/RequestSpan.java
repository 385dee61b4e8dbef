package dev.baton.gateway.observe;

import dev.baton.cluster.tracing.TracedSpan;
import io.micrometer.observation.Observation;
import io.micrometer.tracing.handler.TracingObservationHandler.TracingContext;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.reactive.observation.DefaultServerRequestObservationConvention;
import org.springframework.http.server.reactive.observation.ServerRequestObservationContext;
import org.springframework.web.server.ServerWebExchange;

/** The span of a client's request, which Spring begins and ends. */
public final class RequestSpan {
    private static final String OPERATION = RequestSpan.class.getName() + ".operation";

    private RequestSpan() {}

    /** {@link TracedSpan#NONE} where nothing is traced. */
    public static TracedSpan of(ServerWebExchange exchange) {
        return ServerRequestObservationContext.findCurrent(exchange.getAttributes())
                .map(RequestSpan::span)
                .orElse(TracedSpan.NONE);
    }

    private static TracedSpan span(Observation.Context observed) {
        TracingContext context = observed.get(TracingContext.class);
        io.micrometer.tracing.Span span = context == null ? null : context.getSpan();
        return span == null ? TracedSpan.NONE : TracedSpan.of(span);
    }

    /** @param operation of few: a path with a model's name in it is none */
    public static void name(ServerWebExchange exchange, String operation) {
        exchange.getAttributes().put(OPERATION, operation);
    }

    /** Names of requests' spans; Spring's own would name the pattern that this gateway's one handler is mapped to. */
    public static final class Names extends DefaultServerRequestObservationConvention {
        @Override
        public @Nullable String getContextualName(ServerRequestObservationContext context) {
            return context.getAttributes().get(OPERATION) instanceof String operation
                    ? operation
                    : super.getContextualName(context);
        }
    }
}
