package dev.baton.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** Random deaths, delays, repeats, reorderings and refusals against the promises of {@link RequestMachine}. */
class RequestMachineFuzzTest {
    private static final int RUNS_PER_SEED = 300;

    @RepeatedTest(8)
    void noTokenIsLostRepeatedOrChangedWhateverFails(RepetitionInfo repetition) {
        for (int run = 0; run < RUNS_PER_SEED; run++) {
            long seed = repetition.getCurrentRepetition() * 1_000_003L + run;
            FaultyWorld world = new FaultyWorld(seed, true);
            world.run();
            world.check();
            assertThat(world.phase()).as("seed %d: %s", seed, world.lastWord()).isEqualTo(Phase.DONE);
        }
    }

    @RepeatedTest(4)
    void aClientThatLeavesEndsItOnceAndForAll(RepetitionInfo repetition) {
        for (int run = 0; run < RUNS_PER_SEED; run++) {
            long seed = repetition.getCurrentRepetition() * 7_000_003L + run;
            FaultyWorld world = new FaultyWorld(seed, false);
            world.run();
            world.check();
            assertThat(world.phase().ended()).as("seed %d", seed).isTrue();
        }
    }

    @Test
    void theFaultsHappen() {
        FaultCounts counts = new FaultCounts();
        for (int run = 0; run < RUNS_PER_SEED; run++) {
            FaultyWorld world = new FaultyWorld(run, true);
            world.run();
            counts.add(world.counts());
        }
        assertThat(counts.deaths).as("fault not applied: deaths").isGreaterThan(100);
        assertThat(counts.freezes).as("fault not applied: frozen workers").isGreaterThan(100);
        assertThat(counts.hedgesWon)
                .as("fault not applied: second attempts that win")
                .isGreaterThan(20);
        assertThat(counts.hedgesEnded - counts.hedgesWon)
                .as("fault not applied: second attempts that lose")
                .isGreaterThan(20);
        assertThat(counts.differences).as("late tokens are compared").isGreaterThan(20);
        assertThat(counts.breaks).as("fault not applied: broken streams").isGreaterThan(100);
        assertThat(counts.declines).as("fault not applied: declines").isGreaterThan(50);
        assertThat(counts.repeats).as("fault not applied: repeated frames").isGreaterThan(50);
        assertThat(counts.outages).as("fault not applied: outages").isGreaterThan(50);
        assertThat(counts.gaps)
                .as("fault not applied: tokens before their turn")
                .isGreaterThan(20);
        assertThat(counts.handedOver)
                .as("fault not applied: drained workers that hand over")
                .isGreaterThan(20);
        assertThat(counts.zombieFrames)
                .as("fault not applied: frames of old attempts")
                .isGreaterThan(100);
    }
}
