package dev.baton.gateway;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import dev.baton.cluster.answers.RedisAnswers;
import dev.baton.cluster.quotas.SharedQuotas;
import dev.baton.cluster.quotas.WithoutRedis;
import dev.baton.control.quota.Limits;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.ledger.LedgerWriter;
import dev.baton.gateway.quota.TenantQuotas;
import dev.baton.gateway.resume.ResumeWiring;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Sampling;
import dev.baton.tokenizer.ModelTokenizer;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.Channel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/** The real edge on a real port, with the demo model's tokenizer and a scripted dispatcher behind it. */
final class EdgeServer implements AutoCloseable {
    static final String MODEL = "demo";
    static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
    static final int CONTEXT = 256;
    static final Path MODEL_FOLDER = Path.of("..", "models", "demo");

    private final ConfigurableApplicationContext context;

    private EdgeServer(ConfigurableApplicationContext context) {
        this.context = context;
    }

    static EdgeServer start(String... settings) {
        return start(MODEL_FOLDER, settings);
    }

    /** With the tokenizer and the chat template of another folder. */
    static EdgeServer start(Path model, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "--server.port=0",
                "--management.server.port=-1",
                // No Redis, Kafka or workers here, so none of their indicators.
                "--management.endpoint.health.validate-group-membership=false",
                "--baton.model.folder=" + model,
                "--spring.autoconfigure.exclude=org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration,"
                        + "org.springframework.boot.data.redis.autoconfigure.DataRedisReactiveAutoConfiguration,"
                        + "org.springframework.boot.kafka.autoconfigure.KafkaAutoConfiguration,"
                        + "dev.baton.cluster.ClusterAutoConfiguration"));
        all.addAll(List.of(settings));
        return new EdgeServer(new SpringApplicationBuilder(Edge.class).run(all.toArray(String[]::new)));
    }

    /** The demo model's folder with another chat template. */
    static Path withTemplate(Path folder, String template) throws IOException {
        for (String file :
                List.of("tokenizer.json", "tokenizer_config.json", "generation_config.json", "config.json")) {
            Files.copy(MODEL_FOLDER.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("chat_template.jinja"), template);
        return folder;
    }

    int port() {
        return Integer.parseInt(context.getEnvironment().getRequiredProperty("local.server.port"));
    }

    /** The official Java client, which does not ask again. Its caller closes it. */
    OpenAIClient openAi() {
        return OpenAIOkHttpClient.builder()
                .baseUrl("http://127.0.0.1:" + port() + "/v1")
                .apiKey("none")
                .maxRetries(0)
                .build();
    }

    RawHttp http() {
        return new RawHttp(port());
    }

    ScriptedDispatcher dispatcher() {
        return context.getBean(ScriptedDispatcher.class);
    }

    /** The server's end of each connection so far. */
    List<Channel> accepted() {
        return context.getBean(Accepted.class).channels;
    }

    ModelTokenizer tokenizer() {
        return context.getBean(ModelTokenizer.class);
    }

    <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    @Override
    public void close() {
        context.close();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import({EdgeConfiguration.class, ResumeWiring.class})
    static class Edge {
        @Bean
        Clock clock() {
            return Clock.fixed(NOW, ZoneOffset.UTC);
        }

        @Bean
        ModelTokenizer tokenizer(@Value("${baton.model.folder}") Path folder) throws IOException {
            return ModelTokenizer.open(folder);
        }

        @Bean
        ServedModel servedModel(ModelTokenizer tokenizer, @Value("${edge.context:" + CONTEXT + "}") int context) {
            return new ServedModel(
                    MODEL,
                    tokenizer,
                    context,
                    Sampling.newBuilder().setTemperature(0.7f).build(),
                    1000);
        }

        @Bean
        Duration requestTimeout() {
            return Duration.ofMinutes(5);
        }

        @Bean
        Accepted accepted() {
            return new Accepted();
        }

        @Bean
        SharedQuotas sharedQuotas() {
            return new SharedQuotas(
                    new AwayBook(), new SharedQuotas.Terms("edge", Duration.ofSeconds(10), WithoutRedis.SHARE));
        }

        @Bean
        TenantQuotas tenantQuotas(SharedQuotas shared, MeterRegistry meters) {
            return new TenantQuotas(shared, Limits.NONE, meters);
        }

        @Bean
        LedgerWriter ledgerWriter(Clock clock) {
            return new LedgerWriter((day, sums) -> CompletableFuture.completedStage(0), clock);
        }

        /** On a Redis that is not there. */
        @Bean
        RedisAnswers redisAnswers() {
            LettuceConnectionFactory nowhere = new LettuceConnectionFactory("127.0.0.1", 1);
            nowhere.afterPropertiesSet();
            nowhere.start();
            return new RedisAnswers(
                    new ReactiveStringRedisTemplate(nowhere), new ClusterNames("edge"), Duration.ofSeconds(1));
        }

        @Bean
        GatewayRef gatewayRef() {
            return GatewayRef.newBuilder().setId("edge").setEpoch(1).build();
        }

        @Bean
        Dispatcher dispatcher() {
            return new ScriptedDispatcher();
        }
    }

    /** Notes the connections. */
    static final class Accepted implements WebServerFactoryCustomizer<NettyReactiveWebServerFactory> {
        private final List<Channel> channels = new CopyOnWriteArrayList<>();

        @Override
        public void customize(NettyReactiveWebServerFactory factory) {
            factory.addServerCustomizers(
                    server -> server.doOnConnection(connection -> channels.add(connection.channel())));
        }
    }
}
