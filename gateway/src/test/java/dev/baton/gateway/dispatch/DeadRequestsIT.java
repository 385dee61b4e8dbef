package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.lanes.DeadLetters.DeadLetter;
import dev.baton.control.GenerationRequest;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A request whose worker dies at the same token three times. */
@WithStack
@Timeout(60)
class DeadRequestsIT {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final String model = "model-" + UUID.randomUUID();

    @Test
    void aRequestThatKillsThreeWorkersBecomesADeadLetterAndCanBeRunAgain(TestStack stack) throws Exception {
        try (TestCluster cluster = TestCluster.start(stack.kafka(), stack.redis(), "--baton.lanes.dead-prompts=true")) {
            GenerationRequest poison = request();
            RecordingSink sink = new RecordingSink();
            for (int death = 1; death <= 3; death++) {
                ScriptedWorker victim = cluster.decode("decode-" + death, model);
                victim.stopBefore(7);
                if (death == 1) {
                    await().until(() -> !cluster.workers().of(model).isEmpty());
                    sink.start(cluster.dispatcher(), poison);
                }
                await().atMost(LONG).until(() -> victim.taken.size() == 1 && sink.tokens.size() == 7);
                await().atMost(LONG).until(() -> victim.decoding(poison.requestId()));
                victim.close();
            }
            assertThat(sink.end()).isEqualTo("failed ENGINE_FAILED");
            assertThat(sink.tokens).isEqualTo(ScriptedWorker.tokens(7));
            DeadRequests dead = cluster.deadRequests();
            await().atMost(LONG).until(() -> !letters(dead, poison).isEmpty());
            DeadLetter letter = letters(dead, poison).getFirst();
            assertThat(letter.why()).contains("3 workers died", "token 7");
            assertThat(letter.hasPrompt()).isTrue();

            cluster.decode("decode-well", model);
            await().until(() -> !cluster.workers().of(model).isEmpty());
            assertThat(dead.redrive(letter.offset(), LONG).toCompletableFuture().get(30, TimeUnit.SECONDS))
                    .returns(20, DeadRequests.Outcome::tokens)
                    .returns("length", DeadRequests.Outcome::end);
        }
    }

    @Test
    void whatIsNotThereOrHasNoPromptCannotBeRunAgain(TestStack stack) throws Exception {
        try (TestCluster cluster = TestCluster.start(stack.kafka(), stack.redis())) {
            DeadRequests dead = cluster.deadRequests();
            assertThatThrownBy(() -> dead.redrive(1_000_000, LONG)).isInstanceOf(NoSuchElementException.class);
            GenerationRequest request = request();
            cluster.jobs().deadLetter(request.toGeneration().toBuilder(), "says the test");
            await().atMost(LONG).until(() -> !letters(dead, request).isEmpty());
            DeadLetter letter = letters(dead, request).getFirst();
            assertThat(letter.hasPrompt()).isFalse();
            assertThatThrownBy(() -> dead.redrive(letter.offset(), LONG))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("baton.lanes.dead-prompts");
        }
    }

    private static List<DeadLetter> letters(DeadRequests dead, GenerationRequest request) {
        return dead.list(100).stream()
                .filter(letter -> letter.requestId().equals(request.requestId()))
                .toList();
    }

    private GenerationRequest request() {
        return new GenerationRequest(
                UUID.randomUUID().toString(),
                "tenant",
                model,
                new int[] {1, 2, 3},
                Sampling.getDefaultInstance(),
                Stopping.newBuilder().setMaxTokens(20).build(),
                0,
                Instant.now().plusSeconds(50),
                RequestTags.getDefaultInstance(),
                null);
    }
}
