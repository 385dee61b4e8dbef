package dev.baton.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.KvSource;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.Timing;
import dev.baton.worker.Restored.Rung;
import dev.baton.worker.StepFrameBatcher.ProgressMessages;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a worker says of an attempt when its compute begins. */
class ProgressMessagesTest {
    private static final Timing TIMING = Timing.newBuilder().setClaimedUs(1).build();

    @Test
    void theFirstAttemptSaysNothingOfWhereItsKvCameFrom() {
        Progress started = messages(1).started(TIMING, null, 3);
        assertThat(started.hasKvSource()).isFalse();
        assertThat(started).isEqualTo(messages(1).claimed(TIMING));
    }

    @ParameterizedTest
    @EnumSource
    void aLaterOneSaysWhereMostOfItCameFromAndHowMuchIsInPlace(Rung rung) {
        Restored restored = new Restored(rung, 6, 4, Duration.ZERO);
        KvSource source = messages(2).started(TIMING, restored, 4).getKvSource();
        assertThat(source.getRung().name()).isEqualTo(rung.name());
        assertThat(source.getTokens()).isEqualTo(6);
        assertThat(source.getFound()).isEqualTo(4);
    }

    @Test
    void whereNothingWasLookedForItIsTheCacheOrNothing() {
        assertThat(messages(3).started(TIMING, null, 4).getKvSource().getRung()).isEqualTo(KvSource.Rung.CACHE);
        assertThat(messages(3).started(TIMING, null, 0).getKvSource())
                .isEqualTo(KvSource.newBuilder()
                        .setRung(KvSource.Rung.PREFILL)
                        .setTokens(6)
                        .build());
    }

    private static ProgressMessages messages(int attempt) {
        Generation.Builder generation = Generation.newBuilder()
                .setRequestId("r")
                .addAllPrompt(List.of(1, 2, 3, 4))
                .addAllAccepted(List.of(5, 6));
        generation.getAttemptBuilder().setNumber(attempt).setNonce(7);
        return new ProgressMessages(generation.build());
    }
}
