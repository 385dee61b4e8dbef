package dev.baton.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PhaseTest {
    @Test
    void movesAlongTheDatasWay() {
        assertThat(Phase.QUEUED.mayBecome(Phase.PREFILLING)).isTrue();
        assertThat(Phase.PREFILLING.mayBecome(Phase.HANDED_OFF)).isTrue();
        assertThat(Phase.HANDED_OFF.mayBecome(Phase.DECODING)).isTrue();
        assertThat(Phase.DECODING.mayBecome(Phase.DONE)).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void neverMovesBackOrStandsStill(Phase phase) {
        for (Phase earlier : Phase.values()) {
            if (earlier.ordinal() <= phase.ordinal()) {
                assertThat(phase.mayBecome(earlier)).isFalse();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"DONE", "FAILED", "CANCELLED"})
    void nothingFollowsAnEnd(Phase end) {
        for (Phase next : Phase.values()) {
            assertThat(end.mayBecome(next)).isFalse();
            assertThat(end.mayBeClaimedFor(next)).isFalse();
        }
        assertThat(end.mayBeRaised()).isFalse();
    }

    @Test
    void onlyAQueuedRequestIsClaimedForPrefill() {
        assertThat(Phase.QUEUED.mayBeClaimedFor(Phase.PREFILLING)).isTrue();
        assertThat(Phase.PREFILLING.mayBeClaimedFor(Phase.PREFILLING)).isFalse();
        assertThat(Phase.DECODING.mayBeClaimedFor(Phase.PREFILLING)).isFalse();
    }
}
