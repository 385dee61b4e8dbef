package dev.baton.prefill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.WorkerRef;
import org.junit.jupiter.api.Test;

class UnaskedKvTest {
    private static final WorkerRef FULL =
            WorkerRef.newBuilder().setId("decode-0").setEpoch(1).build();
    private static final WorkerRef OTHER =
            WorkerRef.newBuilder().setId("decode-1").setEpoch(1).build();

    private final UnaskedKv unasked = new UnaskedKv(100);

    @Test
    void whatOneDecodeWorkerDoesNotAskForTakesHalfOfThePoolAtMost() {
        unasked.add(FULL, 30);
        assertThat(unasked.hasRoom(FULL, 20)).isTrue();
        assertThat(unasked.hasRoom(FULL, 21)).isFalse();
        assertThat(unasked.hasRoom(OTHER, 50)).isTrue();
    }

    @Test
    void oneLongPromptMayAlwaysBegin() {
        assertThat(unasked.hasRoom(FULL, 90)).isTrue();
        unasked.add(FULL, 90);
        assertThat(unasked.hasRoom(FULL, 1)).isFalse();
    }

    @Test
    void whatIsAskedForCountsNoMore() {
        unasked.add(FULL, 40);
        unasked.add(FULL, 10);
        unasked.remove(FULL, 40);
        assertThat(unasked.hasRoom(FULL, 40)).isTrue();
        unasked.remove(FULL, 10);
        assertThat(unasked.hasRoom(FULL, 90)).isTrue();
    }
}
