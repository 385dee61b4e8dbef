package dev.baton.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.transfer.session.TimeSource;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class OutgoingTransferTest {
    private static final Duration WAIT = Duration.ofSeconds(10);
    private static final int TOKENS = 3 * Fixture.BLOCK_TOKENS;

    private final VirtualTime time = new VirtualTime();
    private final OutgoingTransfer.Prompt transfer =
            new OutgoingTransfer.Prompt(Fixture.key("a"), TOKENS, Fixture.LAYOUT, time);

    @Test
    void aTicketThatComesLateHasTheWholeWaitBeforeIt() {
        transfer.blocks(new int[] {0, 1, 2}, 0);
        transfer.completed(7, 0);
        time.passes(WAIT.minusSeconds(1));
        transfer.expire(time.nanos(), WAIT);
        assertThat(transfer.attach(new Ticket(), TOKENS, 3, RequestTags.getDefaultInstance()))
                .isNull();

        time.passes(Duration.ofSeconds(2));
        transfer.expire(time.nanos(), WAIT);
        assertThat(transfer.completion()).isNotDone();

        time.passes(WAIT);
        transfer.expire(time.nanos(), WAIT);
        assertThat(transfer.completion())
                .isCompletedWithValueMatching(outcome -> outcome instanceof SendOutcome.Failed(Failure failure)
                        && failure.getCode() == Failure.Code.DEADLINE_EXCEEDED);
    }

    private static final class Ticket implements OutgoingTransfer.OpenTicket {
        @Override
        public void wake() {}

        @Override
        public void refuse(Failure failure) {}
    }

    private static final class VirtualTime implements TimeSource {
        private long nanos;

        void passes(Duration duration) {
            nanos += duration.toNanos();
        }

        @Override
        public long nanos() {
            return nanos;
        }

        @Override
        public long epochMicros() {
            return nanos / 1_000;
        }
    }
}
