package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SharedPromptTest {
    private static final Instant THEN = Instant.EPOCH.plusSeconds(5);

    private final SharedPrompt prompt = new SharedPrompt();
    private final List<String> said = new ArrayList<>();
    private final Choice first = new Choice("first");
    private final Choice second = new Choice("second");
    private final Choice third = new Choice("third");

    private final class Choice implements SharedPrompt.Member {
        private final String name;

        Choice(String name) {
            this.name = name;
        }

        @Override
        public void claimed(Instant until) {
            said.add(name + " until " + until.getEpochSecond());
        }

        @Override
        public void go() {
            said.add(name + " goes");
        }
    }

    private void allCome() {
        assertThat(prompt.holds(first, true)).isFalse();
        assertThat(prompt.holds(second, true)).isTrue();
        assertThat(prompt.holds(third, true)).isTrue();
    }

    @Test
    void theOthersGoOnceAWorkerHoldsThePrompt() {
        allCome();
        prompt.claimed(first, () -> THEN);
        assertThat(said).containsExactly("second until 5", "third until 5");
        said.clear();
        prompt.open();
        assertThat(said).containsExactly("second goes", "third goes");
        prompt.open();
        prompt.left(first);
        prompt.claimed(second, () -> THEN);
        assertThat(said).as("once").hasSize(2);
        assertThat(prompt.holds(new Choice("late"), true)).isFalse();
    }

    @Test
    void theNextGoesAheadWhenTheFirstEndsBefore() {
        allCome();
        prompt.left(first);
        assertThat(said).containsExactly("second goes");
        prompt.claimed(first, () -> THEN);
        assertThat(said).hasSize(1);
        prompt.claimed(second, () -> THEN);
        assertThat(said).containsExactly("second goes", "third until 5");
        prompt.left(second);
        assertThat(said).endsWith("third goes");
        prompt.left(third);
        assertThat(prompt.holds(new Choice("late"), true)).isFalse();
    }

    @Test
    void whoIsHeldAndLeavesIsForgotten() {
        allCome();
        prompt.left(second);
        prompt.left(first);
        assertThat(said).containsExactly("third goes");
    }

    @Test
    void nobodyIsHeldWhereLittleIsToBeComputed() {
        assertThat(prompt.holds(first, false)).isFalse();
        assertThat(prompt.holds(second, true)).isFalse();
        prompt.claimed(first, () -> {
            throw new AssertionError("nobody waits");
        });
    }
}
