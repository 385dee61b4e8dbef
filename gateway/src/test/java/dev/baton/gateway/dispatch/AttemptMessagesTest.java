package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.GenerationRequest;
import dev.baton.control.TokenIds;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class AttemptMessagesTest {
    private static final Instant NOW = Instant.parse("2026-11-30T08:00:00Z");

    private final AttemptMessages messages = new AttemptMessages(
            new GenerationRequest(
                    "r",
                    "acme",
                    "model",
                    new int[] {1, 2, 3},
                    Sampling.getDefaultInstance(),
                    Stopping.newBuilder().setMaxTokens(9).build(),
                    10,
                    NOW.plusSeconds(60),
                    RequestTags.getDefaultInstance(),
                    null),
            3);

    @Test
    void eachAttemptSaysTheWeightOfTheTenantAndWhatWasAcceptedBefore() {
        Attempt second = Attempt.newBuilder().setNumber(2).build();
        Generation generation =
                messages.of(second, null, TokenIds.of(7, 8), NOW).build();
        assertThat(generation.getWeight()).isEqualTo(3);
        assertThat(generation.getPriority()).isEqualTo(10);
        assertThat(generation.getPromptList()).containsExactly(1, 2, 3);
        assertThat(generation.getAcceptedList()).containsExactly(7, 8);
        assertThat(generation.getAttempt()).isEqualTo(second);
        assertThat(messages.of(second, null, TokenIds.of(), NOW).build().getAcceptedCount())
                .as("no attempt keeps what another had")
                .isZero();
    }
}
