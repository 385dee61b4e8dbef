package dev.baton.gateway;

import dev.baton.gateway.answer.AnswerBudget;
import dev.baton.gateway.answer.CompletionRunner;
import dev.baton.gateway.answer.ServedContext;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.answer.SystemFingerprints;
import dev.baton.gateway.auth.Authenticator;
import dev.baton.gateway.auth.ReloadedKeys;
import dev.baton.gateway.auth.TenantWeights;
import dev.baton.gateway.body.Pace;
import dev.baton.gateway.connection.ConnectionRules;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.ledger.LedgerWriter;
import dev.baton.gateway.limits.BodyReader;
import dev.baton.gateway.limits.PreparationPool;
import dev.baton.gateway.observe.EdgeMetrics;
import dev.baton.gateway.observe.RequestSpan;
import dev.baton.gateway.openai.OpenAiApi;
import dev.baton.gateway.openai.Preparation;
import dev.baton.gateway.openai.ResumableCalls;
import dev.baton.gateway.quota.TenantQuotas;
import dev.baton.gateway.resume.ResumableAnswers;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.web.reactive.HandlerMapping;
import org.springframework.web.reactive.handler.SimpleUrlHandlerMapping;
import reactor.core.scheduler.Schedulers;

/**
 * The HTTP edge, given a {@link ServedModel}, a {@link Dispatcher}, a {@link Clock} and {@code requestTimeout}: how long
 * any request may take.
 */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(HttpProperties.class)
class EdgeConfiguration {
    @Bean
    Authenticator authenticator(HttpProperties settings, MeterRegistry registry, Clock clock) {
        return new Authenticator(keys(settings, registry), settings.keyHeader(), clock);
    }

    @Bean
    TenantWeights tenantWeights(Authenticator authenticator) {
        return authenticator::weight;
    }

    private static @Nullable ReloadedKeys keys(HttpProperties settings, MeterRegistry registry) {
        if (settings.apiKeys() == null) {
            return null;
        }
        try {
            return new ReloadedKeys(settings.apiKeys(), settings.apiKeysEvery(), registry);
        } catch (IllegalArgumentException | UncheckedIOException e) {
            throw new StartRefused(
                    String.valueOf(e.getMessage()),
                    "Correct the file, or the setting baton.http.api-keys that names it.");
        }
    }

    @Bean
    ServerSocketRules serverSocketRules(HttpProperties settings) {
        return new ServerSocketRules(settings.apiKeys() != null);
    }

    @Bean
    UnreadableRequests unreadableRequests(EdgeMetrics metrics) {
        return new UnreadableRequests(metrics);
    }

    @Bean
    CrossOrigin crossOrigin(HttpProperties settings) {
        return new CrossOrigin(settings.corsOrigins());
    }

    @Bean
    ConnectionRules connectionRules(HttpProperties settings, MeterRegistry registry) {
        return new ConnectionRules(
                new ConnectionRules.Limits(
                        settings.maxConnections(),
                        settings.maxConnectionsPerAddress(),
                        settings.headTimeout(),
                        settings.bodyTimeout(),
                        settings.stallLimit()),
                registry);
    }

    @Bean
    EdgeMetrics edgeMetrics(HttpProperties settings, MeterRegistry registry) {
        return new EdgeMetrics(registry, settings.metricTenants());
    }

    @Bean
    RequestSpan.Names requestSpanNames() {
        return new RequestSpan.Names();
    }

    @Bean
    PreparationPool preparationPool(HttpProperties settings) {
        return new PreparationPool(settings.prepareThreads(), settings.prepareQueue());
    }

    @Bean
    ServedContext servedContext(ServedModel model, Dispatcher dispatcher) {
        return new ServedContext(model, dispatcher);
    }

    @Bean
    SystemFingerprints systemFingerprints(ServedModel model, HttpProperties settings, Dispatcher dispatcher) {
        return new SystemFingerprints(model, settings.specialTokensInText(), dispatcher);
    }

    @Bean
    Preparation preparation(
            ServedModel model,
            ServedContext context,
            SystemFingerprints fingerprints,
            HttpProperties settings,
            Clock clock) {
        return new Preparation(
                model, context, settings.maxChoices(), settings.specialTokensInText(), fingerprints, clock);
    }

    @Bean
    BodyReader bodyReader(HttpProperties settings, MeterRegistry registry) {
        BodyReader bodies = new BodyReader(settings.maxBody(), settings.maxBodies(), settings.bodyTimeout());
        Gauge.builder("baton.gateway.body.bytes", bodies, BodyReader::held)
                .description("Bytes of bodies that are being read or wait to be parsed")
                .register(registry);
        return bodies;
    }

    @Bean
    AnswerBudget answerBudget(HttpProperties settings, MeterRegistry registry) {
        AnswerBudget budget = new AnswerBudget(settings.maxAnswers());
        Gauge.builder("baton.gateway.answer.bytes", budget, AnswerBudget::held)
                .description("Bytes of answers that are not sent yet")
                .register(registry);
        return budget;
    }

    @Bean
    CompletionRunner completionRunner(Dispatcher dispatcher, ServedModel model, AnswerBudget budget) {
        return new CompletionRunner(dispatcher, model, budget);
    }

    @Bean
    ResumableCalls resumableCalls(
            ResumableAnswers answers, CompletionRunner completions, TenantQuotas quotas, LedgerWriter ledger) {
        return new ResumableCalls(answers, completions, quotas, ledger);
    }

    @Bean
    OpenAiApi openAiApi(
            Authenticator authenticator,
            TenantQuotas quotas,
            LedgerWriter ledger,
            BodyReader bodies,
            PreparationPool pool,
            Duration requestTimeout,
            Preparation preparation,
            CompletionRunner completions,
            ResumableCalls resumables,
            ServedModel model,
            ServedContext context,
            EdgeMetrics metrics,
            HttpProperties settings) {
        Pace pace = new Pace(settings.keepAlive(), Schedulers.parallel());
        return new OpenAiApi(
                authenticator,
                quotas,
                ledger,
                bodies,
                pool,
                requestTimeout,
                preparation,
                completions,
                resumables,
                model,
                context,
                metrics,
                pace);
    }

    @Bean
    HandlerMapping openAiMapping(OpenAiApi api) {
        return new SimpleUrlHandlerMapping(Map.of("/v1/**", api), Ordered.HIGHEST_PRECEDENCE);
    }

    /** What no other handler takes, such as a client's calls with a wrong base address. */
    @Bean
    HandlerMapping otherPathsMapping(OpenAiApi api) {
        return new SimpleUrlHandlerMapping(Map.of("/**", api), Ordered.LOWEST_PRECEDENCE - 10);
    }
}
