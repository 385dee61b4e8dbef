package dev.baton.gateway.resume;

import dev.baton.cluster.answers.RedisAnswers;
import dev.baton.cluster.ledger.Account;
import dev.baton.cluster.ledger.Used;
import dev.baton.gateway.answer.CompletionRunner;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.dispatch.Dispatcher;
import dev.baton.gateway.ledger.LedgerWriter;
import dev.baton.gateway.observe.EdgeMetrics;
import dev.baton.protocol.v1.GatewayRef;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.HexFormat;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Builds the resumable answers on the cluster's Redis. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ResumeProperties.class)
class ResumeConfiguration {
    @Bean
    ResumeThread resumeThread(ResumeProperties settings) {
        return new ResumeThread(settings.lease().dividedBy(4));
    }

    @Bean
    ResumableAnswers resumableAnswers(
            RedisAnswers store,
            ServedModel model,
            Dispatcher dispatcher,
            CompletionRunner completions,
            LedgerWriter ledger,
            EdgeMetrics metrics,
            GatewayRef gateway,
            ResumeProperties settings,
            ResumeThread thread,
            Clock clock,
            MeterRegistry meters) {
        String owner = gateway.getId() + "|" + HexFormat.of().toHexDigits(gateway.getEpoch());
        Settlement toLedger = (prepared, key, served, cached, generated) -> {
            if (served) {
                ledger.add(
                        new Account(prepared.generations().getFirst().tenant(), key, prepared.model()),
                        new Used(1, prepared.promptTokens(), cached, generated));
            }
        };
        ResumableAnswers answers = new ResumableAnswers(
                store,
                model,
                new AnswerRuns(dispatcher, completions, model, metrics),
                new AnswerWriter(store, thread.executor(), settings, clock, owner),
                new Followers(store, thread.executor(), settings.keep(), clock),
                settings,
                clock,
                owner,
                toLedger,
                meters);
        thread.runs(answers);
        return answers;
    }
}
