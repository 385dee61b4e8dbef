package dev.baton.control.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.kv.BlockHash;
import dev.baton.protocol.v1.WorkerRef;
import java.util.List;
import org.junit.jupiter.api.Test;

class PrefixAffinityTest {
    private static final WorkerRef ONE = worker(1);
    private static final WorkerRef RESTARTED = worker(2);
    private static final List<BlockHash> CHAIN = List.of(new BlockHash(1, 1), new BlockHash(2, 2), new BlockHash(3, 3));

    @Test
    void countsTheLongestPrefixThatTheWorkerWasGiven() {
        PrefixAffinity affinity = new PrefixAffinity(64, 100);
        affinity.note(ONE, CHAIN.subList(0, 2));
        assertThat(affinity.cached(List.of(ONE), CHAIN)).containsEntry("w", 128);
    }

    @Test
    void aRestartedWorkerHoldsNothing() {
        PrefixAffinity affinity = new PrefixAffinity(64, 100);
        affinity.note(ONE, CHAIN);
        assertThat(affinity.cached(List.of(RESTARTED), CHAIN)).isEmpty();
    }

    @Test
    void forgetsTheBlocksThatWereNamedLongestAgo() {
        PrefixAffinity affinity = new PrefixAffinity(64, 2);
        affinity.note(ONE, CHAIN);
        assertThat(affinity.cached(List.of(ONE), CHAIN)).isEmpty();
        assertThat(affinity.cached(List.of(ONE), CHAIN.subList(1, 3))).containsEntry("w", 128);
    }

    @Test
    void forgetsOnlyWhatItDidNotHoldBefore() {
        PrefixAffinity affinity = new PrefixAffinity(64, 100);
        affinity.note(ONE, CHAIN.subList(0, 1));
        List<BlockHash> expected = affinity.note(ONE, CHAIN);
        assertThat(expected).isEqualTo(CHAIN.subList(1, 3));
        affinity.forget(ONE, expected);
        assertThat(affinity.cached(List.of(ONE), CHAIN)).containsEntry("w", 64);
    }

    private static WorkerRef worker(long epoch) {
        return WorkerRef.newBuilder().setId("w").setEpoch(epoch).build();
    }
}
