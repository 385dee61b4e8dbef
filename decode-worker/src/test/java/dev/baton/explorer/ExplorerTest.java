package dev.baton.explorer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.gateway.dispatch.UsageSink;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Gateways and workers in virtual time, under faults, by seeds: a million steps by default, {@code
 * -Dbaton.explorer.steps=10000000} for more, {@code -Dbaton.explorer.seed=7} to begin elsewhere. What fails tells its seed and
 * how it came to that.
 */
@Timeout(3_600)
class ExplorerTest {
    private static final long STEPS = Long.getLong("baton.explorer.steps", 1_000_000);
    private static final long FIRST = Long.getLong("baton.explorer.seed", 1_000);

    @TempDir
    Path folder;

    private UsageSink usage;
    private Exploration exploration;

    @BeforeEach
    void begin() throws IOException {
        usage = new UsageSink(folder);
        exploration = new Exploration(usage, 1);
    }

    @AfterEach
    void end() {
        usage.close();
    }

    @Test
    void nothingIsLostRepeatedChangedLeftBehindOrWaitedForLong(TestReporter reporter) {
        for (long seed = FIRST; exploration.steps < STEPS; seed++) {
            exploration.run(seed);
        }
        reporter.publishEntry("explored", exploration.toString());
        assertThat(exploration.faults).as("fault not applied").containsOnlyKeys(Faults.Kind.values());
        assertThat(exploration.outcomes.getOrDefault("finished LENGTH", 0))
                .as("requests that finish")
                .isGreaterThan(exploration.runs * 10);
    }

    /** One computes the prompt for the others, and any may leave or lose its worker before that, or after. */
    @Test
    void whatHoldsForRequestsHoldsForTheChoicesOfOne(TestReporter reporter) {
        Exploration choices = new Exploration(usage, 5);
        for (long seed = FIRST; choices.steps < STEPS / 4; seed++) {
            choices.run(seed);
        }
        reporter.publishEntry("explored", choices.toString());
        assertThat(choices.outcomes.getOrDefault("finished LENGTH", 0))
                .as("answers that finish")
                .isGreaterThan(choices.runs * 10);
    }

    /** Each fails when the mend of what it has found is taken out. */
    @ParameterizedTest(name = "{1}: {0}")
    @CsvSource({
        "1009, a handoff that fails after the first token is told to nobody",
        "1249, a cancel that a broken stream swallowed is said again",
        "5155, a gateway that hears that another has taken its request over does not end it in Redis",
        "1003, an attempt of a gateway that is gone is forgotten when a later one comes to the same worker",
        "1006, a record that is delivered again after its attempt has ended begins it once more",
    })
    void foundOnce(long seed, String what) {
        exploration.run(seed);
    }

    @Test
    void aSeedDoesTheSameAgain() {
        assertThat(exploration.run(7)).isEqualTo(exploration.run(7));
    }
}
