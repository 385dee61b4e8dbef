package dev.baton.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.WorkerRef;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LateHoldersTest {
    private final AtomicLong now = new AtomicLong(7);
    private final LateHolders holders = new LateHolders(now::get);
    private final WorkerRef late =
            WorkerRef.newBuilder().setId("decode-0").setEpoch(1).build();

    @Test
    void aWorkerThatWasLateIsLeftAloneForAWhile() {
        assertThat(holders.mayBeAsked(late)).isTrue();
        holders.late(late);
        now.addAndGet(LateHolders.PAUSE.toNanos() - 1);
        assertThat(holders.mayBeAsked(late)).isFalse();
        now.addAndGet(1);
        assertThat(holders.mayBeAsked(late)).isTrue();
    }

    @Test
    void itsNextLifeIsAskedAtOnce() {
        holders.late(late);
        assertThat(holders.mayBeAsked(late.toBuilder().setEpoch(2).build())).isTrue();
    }

    @Test
    void noMoreThanABoundedNumberIsRemembered() {
        holders.late(late);
        for (int i = 0; i < 2_000; i++) {
            holders.late(WorkerRef.newBuilder().setId("other-" + i).build());
        }
        assertThat(holders.mayBeAsked(late)).isTrue();
    }
}
