package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.sampling.ConstraintException;
import dev.baton.engine.sampling.TokenConstraint;
import dev.baton.engine.schedule.Goal;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Sampling;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConstrainedSequenceTest {
    /** Tokens count up from 10, by one or two. */
    private static class Counting implements TokenConstraint {
        private final int end;
        private int last = 9;

        Counting(int end) {
            this.end = end;
        }

        @Override
        public long[] allowed() {
            return last >= end ? new long[1] : new long[] {3L << (last + 1)};
        }

        @Override
        public boolean complete() {
            return false;
        }

        @Override
        public void accept(int token) {
            if (token <= last || token > last + 2) {
                throw new ConstraintException(token + " does not follow " + last);
            }
            last = token;
        }
    }

    private final Bench bench = new Bench(EngineSettings.Role.BOTH, 32);

    @Test
    void drawsOnlyWhatItsConstraintAllowsAndGoesOnElsewhereWithTheSameTokens() {
        List<Integer> whole = run("whole", List.of());
        assertThat(whole).hasSize(8);
        for (int i = 0; i < 8; i++) {
            assertThat(whole.get(i) - (i == 0 ? 9 : whole.get(i - 1))).isBetween(1, 2);
        }
        for (int accepted = 1; accepted < 8; accepted++) {
            assertThat(run("after-" + accepted, whole.subList(0, accepted))).isEqualTo(whole.subList(accepted, 8));
        }
    }

    private List<Integer> run(String id, List<Integer> accepted) {
        Generation generation = constrained(id).addAllAccepted(accepted).build();
        RecordingListener listener = new RecordingListener();
        bench.incoming.add(
                new EngineCommand.Admit(generation, Goal.PREFILL_AND_DECODE, listener, () -> new Counting(60)));
        bench.settle();
        assertThat(listener.failure).isNull();
        return listener.tokens;
    }

    @Test
    void failsByNameWhenNoTokenIsLeftOrAcceptedOnesBreakIt() {
        RecordingListener stuck = new RecordingListener();
        bench.incoming.add(new EngineCommand.Admit(
                constrained("stuck").build(), Goal.PREFILL_AND_DECODE, stuck, () -> new Counting(13)));
        RecordingListener broken = new RecordingListener();
        bench.incoming.add(new EngineCommand.Admit(
                constrained("broken").addAccepted(40).build(),
                Goal.PREFILL_AND_DECODE,
                broken,
                () -> new Counting(60)));
        bench.settle();
        assertThat(stuck.failureCode()).isEqualTo(Failure.Code.BAD_REQUEST);
        assertThat(String.valueOf(stuck.failure)).contains("structure");
        assertThat(String.valueOf(broken.failure)).contains("40 does not follow 9");
        bench.checkIntegrity();
    }

    @Test
    void nothingOfASequenceWhoseConstraintBreaksIsRemembered() {
        RememberingLedger ledger = new RememberingLedger();
        Bench remembering = new Bench(EngineSettings.Role.BOTH, 32, ledger);
        RecordingListener heard = new RecordingListener();
        remembering.incoming.add(new EngineCommand.Admit(
                constrained("a").build(), Goal.PREFILL_AND_DECODE, heard, () -> new Counting(60) {
                    private int taken;

                    @Override
                    public void accept(int token) {
                        if (++taken == 3) {
                            throw new IllegalStateException("a bug");
                        }
                        super.accept(token);
                    }
                }));
        remembering.settle();
        assertThat(heard.tokens).hasSize(2);
        assertThat(heard.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
        assertThat(ledger.open).isEmpty();
        assertThat(ledger.sealed).isEmpty();
    }

    private static Generation.Builder constrained(String id) {
        return Bench.generation(id, Bench.prompt(1, 5), 8).toBuilder()
                .setSampling(Sampling.newBuilder().setTemperature(1).setSeed(31));
    }
}
