package dev.baton.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.protocol.AttemptKey;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ActiveAttemptsTest {
    private static final AttemptKey KEY = new AttemptKey("a", 1, 7);

    private final ActiveAttempts<Attempted> underWay = new ActiveAttempts<>();
    private final List<String> did = new ArrayList<>();

    /** Says what it is told to do, and does what a test wants while it begins. */
    private final class Attempted implements ActiveAttempts.Task {
        private final Runnable meanwhile;

        Attempted(Runnable meanwhile) {
            this.meanwhile = meanwhile;
        }

        @Override
        public void begin() {
            meanwhile.run();
            did.add("begin");
        }

        @Override
        public void cancel() {
            did.add("cancel");
        }
    }

    @Test
    void aCancelReachesWhatIsUnderWay() {
        begin(() -> {});
        underWay.cancel(KEY);
        assertThat(did).containsExactly("begin", "cancel");
    }

    @Test
    void aClaimThatIsAnsweredAfterTheCancelBeginsNothing() {
        underWay.cancel(KEY);
        begin(() -> {});
        assertThat(did).isEmpty();
        assertThat(underWay.count()).isZero();
    }

    @Test
    void aCancelThatOvertakesTheSequenceOnItsWayToTheEngineIsRepeated() {
        begin(() -> underWay.cancel(KEY));
        assertThat(did).containsExactly("cancel", "begin", "cancel");
    }

    @Test
    void oneThatCannotBeginIsNotCountedAsUnderWay() {
        assertThatThrownBy(() -> begin(() -> {
                    throw new IllegalStateException("made by the test");
                }))
                .hasMessage("made by the test");
        assertThat(underWay.count()).isZero();
    }

    @Test
    void anotherAttemptOfACancelledRequestBegins() {
        underWay.cancel(KEY);
        underWay.begin(new AttemptKey("a", 2, 8), () -> new Attempted(() -> {}));
        assertThat(did).containsExactly("begin");
    }

    @Test
    void aRecordDeliveredTwiceBeginsOnce() {
        begin(() -> {});
        begin(() -> {});
        assertThat(did).containsExactly("begin");
        underWay.remove(KEY);
        assertThat(underWay.count()).isZero();
    }

    @Test
    void aRecordDeliveredAgainAfterItsEndBeginsNothing() {
        begin(() -> {});
        underWay.remove(KEY);
        begin(() -> {});
        assertThat(did).containsExactly("begin");
        assertThat(underWay.cancelled(KEY)).isTrue();
    }

    @Test
    void remembersABoundedNumberOfCancels() {
        underWay.cancel(KEY);
        for (int i = 0; i < 10_000; i++) {
            underWay.cancel(new AttemptKey("b" + i, 1, i));
        }
        begin(() -> {});
        assertThat(did).containsExactly("begin");
    }

    private void begin(Runnable meanwhile) {
        underWay.begin(KEY, () -> new Attempted(meanwhile));
    }
}
