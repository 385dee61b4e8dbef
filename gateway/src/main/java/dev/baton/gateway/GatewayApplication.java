package dev.baton.gateway;

import dev.baton.cluster.SteadyClock;
import dev.baton.config.LimitProperties;
import dev.baton.config.ModelProperties;
import dev.baton.gateway.answer.ServedModel;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** The gateway: OpenAI's API in front, Kafka, Redis and the workers' token streams behind. */
@SpringBootApplication(proxyBeanMethods = false)
public class GatewayApplication {
    public static void main(String[] args) {
        SpringApplication.run(GatewayApplication.class, args);
    }

    @Bean
    @ConditionalOnMissingBean
    Clock clock() {
        return SteadyClock.system();
    }

    @Bean
    ModelFolder modelFolder(ModelProperties settings, Clock clock) {
        try {
            return ModelFolder.open(settings.folder(), clock);
        } catch (IOException e) {
            throw new StartRefused(
                    String.valueOf(e.getMessage()),
                    "Name a folder with config.json, tokenizer.json and tokenizer_config.json, or a GGUF file, in baton.model.folder.");
        }
    }

    @Bean
    ServedModel servedModel(ModelFolder folder, ModelProperties settings, Clock clock) {
        int own = folder.maxContext();
        int context = settings.maxContext() == 0 ? own : Math.min(own, settings.maxContext());
        return new ServedModel(
                settings.servedName(),
                folder.tokenizer(),
                context,
                folder.defaults(),
                clock.instant().getEpochSecond());
    }

    @Bean
    Duration requestTimeout(LimitProperties limits) {
        return limits.deadline();
    }

    @Bean
    ReadyLine readyLine(ServedModel model) {
        return new ReadyLine(model);
    }
}
