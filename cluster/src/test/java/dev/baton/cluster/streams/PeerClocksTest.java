package dev.baton.cluster.streams;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.WorkerRef;
import org.junit.jupiter.api.Test;

class PeerClocksTest {
    private static final WorkerRef WORKER =
            WorkerRef.newBuilder().setId("decode-0").setEpoch(1).build();

    private final PeerClocks clocks = new PeerClocks();

    @Test
    void theQuickestRoundTripCounts() {
        assertThat(clocks.of(WORKER)).isEmpty();
        clocks.pong(WORKER, 1_000, 1_000 + 5_000 + 800, 1_000 + 1_000);
        assertThat(clocks.of(WORKER)).hasValue(new PeerClocks.Reading(5_300, 1_000));
        clocks.pong(WORKER, 2_000, 2_000 + 5_000 + 50, 2_000 + 100);
        assertThat(clocks.of(WORKER)).hasValue(new PeerClocks.Reading(5_000, 100));
        clocks.pong(WORKER, 3_000, 3_000 + 9_000, 3_000 + 8_000);
        assertThat(clocks.of(WORKER).orElseThrow().aheadUs()).isEqualTo(5_000);
    }

    @Test
    void aClockThatWasSetIsNoticed() {
        clocks.pong(WORKER, 0, 5_050, 100);
        for (int i = 0; i < 100; i++) {
            clocks.pong(WORKER, 0, 90_000 + 150, 300);
        }
        assertThat(clocks.of(WORKER).orElseThrow().aheadUs()).isEqualTo(90_000);
    }

    @Test
    void whatCannotBeIsNotHeard() {
        clocks.pong(WORKER, 1_000, 5_000, 900);
        clocks.pong(WORKER, 1_000, 0, 1_100);
        assertThat(clocks.of(WORKER)).isEmpty();
    }
}
