package dev.baton.cluster;

import dev.baton.cluster.tracing.Tracing;
import io.micrometer.observation.Observation;
import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.handler.DefaultTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingReceiverTracingObservationHandler;
import io.micrometer.tracing.handler.PropagatingSenderTracingObservationHandler;
import io.micrometer.tracing.propagation.Propagator;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.micrometer.tracing.autoconfigure.MicrometerTracingAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.http.server.reactive.observation.ServerRequestObservationContext;
import org.springframework.util.StringUtils;

/**
 * Traces, where they are sent somewhere. Of what Spring observes only requests of clients become spans: commands of Redis,
 * security filters and the management port's own requests, each a trace of its own, would bury them.
 */
@AutoConfiguration(before = MicrometerTracingAutoConfiguration.class)
class TracingAutoConfiguration {
    @Bean
    Tracing tracing(ObjectProvider<io.opentelemetry.api.trace.Tracer> tracer) {
        io.opentelemetry.api.trace.Tracer exported = tracer.getIfAvailable();
        return exported == null ? Tracing.OFF : new Tracing(exported);
    }

    @Configuration(proxyBeanMethods = false)
    @Conditional(TracingEndpoint.class)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class Observed {
        /** In the place of Boot's, which takes all that is left. */
        @Bean
        @Order(MicrometerTracingAutoConfiguration.DEFAULT_TRACING_OBSERVATION_HANDLER_ORDER)
        DefaultTracingObservationHandler defaultTracingObservationHandler(Tracer tracer) {
            return new Untraced(tracer);
        }

        /** In the place of Boot's: Redis is asked several times a second, whether there is a request or not. */
        @Bean
        @Order(MicrometerTracingAutoConfiguration.SENDER_TRACING_OBSERVATION_HANDLER_ORDER)
        PropagatingSenderTracingObservationHandler<?> propagatingSenderTracingObservationHandler(
                Tracer tracer, Propagator propagator) {
            return new PropagatingSenderTracingObservationHandler<>(tracer, propagator) {
                @Override
                public boolean supportsContext(Observation.Context context) {
                    return false;
                }
            };
        }

        /** In the place of Boot's. */
        @Bean
        @Order(MicrometerTracingAutoConfiguration.RECEIVER_TRACING_OBSERVATION_HANDLER_ORDER)
        PropagatingReceiverTracingObservationHandler<?> propagatingReceiverTracingObservationHandler(
                Tracer tracer, Propagator propagator, Environment environment) {
            String management = StringUtils.trimTrailingCharacter(
                    environment.getProperty("management.endpoints.web.base-path", "/actuator"), '/');
            return new PropagatingReceiverTracingObservationHandler<>(tracer, propagator) {
                @Override
                public boolean supportsContext(Observation.Context context) {
                    return context instanceof ServerRequestObservationContext request
                            && request.getCarrier() != null
                            && !request.getCarrier().getPath().value().startsWith(management + '/');
                }
            };
        }
    }

    /** Gives what is observed no span, and meters, which ask for one, the answer that there is none. */
    private static final class Untraced extends DefaultTracingObservationHandler {
        Untraced(Tracer tracer) {
            super(tracer);
        }

        @Override
        public void onStart(Observation.Context context) {
            getTracingContext(context);
        }

        @Override
        public void onStop(Observation.Context context) {
            // No span ends.
        }

        @Override
        public void onEvent(Observation.Event event, Observation.Context context) {
            // Nobody is told.
        }

        @Override
        public void onError(Observation.Context context) {
            // Nor of errors.
        }

        @Override
        public void onScopeOpened(Observation.Context context) {
            // The thread's span stays as it is.
        }

        @Override
        public void onScopeClosed(Observation.Context context) {
            // As it was.
        }

        @Override
        public void onScopeReset(Observation.Context context) {
            // As it was.
        }
    }
}
