package dev.baton.gateway.observe;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.stream.DoubleStream;

/** What OpenTelemetry's conventions ask of a server of generative models, with the buckets that they name. */
final class GenAiMetrics {
    private static final Duration[] FIRST_TOKEN =
            seconds(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10);
    private static final Duration[] PER_TOKEN =
            seconds(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5);
    private static final Duration[] REQUEST =
            seconds(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92);

    private final MeterRegistry registry;

    GenAiMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    private static Duration[] seconds(double... bounds) {
        return DoubleStream.of(bounds)
                .mapToObj(bound -> Duration.ofNanos(Math.round(bound * 1e9)))
                .toArray(Duration[]::new);
    }

    /**
     * One kind of requests.
     *
     * @param name of the operation by the conventions: chat, or text_completion
     */
    record Operation(String name, String model) {
        private Tags tags() {
            return Tags.of(
                    "gen_ai.operation.name", name, "gen_ai.provider.name", "baton", "gen_ai.request.model", model);
        }
    }

    void firstToken(Operation operation, Duration since) {
        timer("gen_ai.server.time_to_first_token", "Request received until its first token", FIRST_TOKEN)
                .tags(operation.tags())
                .register(registry)
                .record(since);
    }

    void perToken(Operation operation, Duration each) {
        timer("gen_ai.server.time_per_output_token", "Mean time per token after the first", PER_TOKEN)
                .tags(operation.tags())
                .register(registry)
                .record(each);
    }

    /** @param errorType the status of a failure, 499 for a client that left; empty for none */
    void ended(Operation operation, String errorType, Duration took) {
        timer("gen_ai.server.request.duration", "Request received until its last byte", REQUEST)
                .tags(operation.tags().and("error.type", errorType))
                .register(registry)
                .record(took);
    }

    private static Timer.Builder timer(String name, String description, Duration[] buckets) {
        return Timer.builder(name).description(description).serviceLevelObjectives(buckets);
    }
}
