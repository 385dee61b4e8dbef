package dev.baton.cli.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.cli.chaos.faults.Fault;
import dev.baton.cli.host.CliException;
import org.junit.jupiter.api.Test;

class StrikesTest {
    private static final CliException NOT_APPLIED = new CliException("fault not applied: it was not stopped");
    private static final CliException NOT_HEALED = new CliException("it did not serve again");

    private boolean healed;

    private Fault fault(Runnable strike, Runnable heal) {
        return new Fault() {
            @Override
            public void strike() {
                strike.run();
            }

            @Override
            public void heal() {
                healed = true;
                heal.run();
            }
        };
    }

    private static Runnable failing(CliException failure) {
        return () -> {
            throw failure;
        };
    }

    @Test
    void aFailureToHealDoesNotHideThatTheFaultWasNotApplied() {
        assertThatThrownBy(() -> Strikes.carryOut(fault(failing(NOT_APPLIED), failing(NOT_HEALED))))
                .isSameAs(NOT_APPLIED)
                .hasSuppressedException(NOT_HEALED);
        assertThat(healed).isTrue();
    }

    @Test
    void aFailureToHealIsAFailure() {
        assertThatThrownBy(() -> Strikes.carryOut(fault(() -> {}, failing(NOT_HEALED))))
                .isSameAs(NOT_HEALED);
    }
}
