package dev.baton.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Finish.Reason;
import dev.baton.protocol.v1.Stopping;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StoppingRuleTest {
    private static final Set<Integer> EOS = Set.of(2);

    @Test
    void stopsAtTheModelsEndAndAtTheRequestsStopTokens() {
        StoppingRule rule = StoppingRule.of(stopping().addStopTokenIds(9).build(), EOS, 100);
        assertThat(rule.after(1, 2)).contains(Reason.STOP);
        assertThat(rule.after(1, 9)).contains(Reason.STOP);
        assertThat(rule.after(1, 3)).isEmpty();
    }

    @Test
    void ignoringTheModelsEndKeepsTheRequestsStopTokens() {
        StoppingRule rule =
                StoppingRule.of(stopping().addStopTokenIds(9).setIgnoreEos(true).build(), EOS, 100);
        assertThat(rule.after(1, 2)).isEmpty();
        assertThat(rule.after(1, 9)).contains(Reason.STOP);
    }

    @Test
    void endsByLengthAtMaxTokensOrWhenTheContextIsFull() {
        assertThat(StoppingRule.of(stopping().setMaxTokens(5).build(), EOS, 100).after(5, 3))
                .contains(Reason.LENGTH);
        assertThat(StoppingRule.of(stopping().setMaxTokens(5).build(), EOS, 4).after(4, 3))
                .contains(Reason.LENGTH);
        assertThat(StoppingRule.of(stopping().build(), EOS, 100).after(99, 3)).isEmpty();
        assertThat(StoppingRule.of(stopping().build(), EOS, 100).after(100, 3)).contains(Reason.LENGTH);
    }

    @Test
    void aStopTokenThatIsAlsoTheLastAllowedOneCountsAsStop() {
        assertThat(StoppingRule.of(stopping().setMaxTokens(5).build(), EOS, 100).after(5, 2))
                .contains(Reason.STOP);
    }

    @Test
    void minTokensRulesStopTokensOutUntilThatManyAreThere() {
        StoppingRule rule = StoppingRule.of(stopping().setMinTokens(3).build(), EOS, 100);
        assertThat(rule.forbidsStopAt(2)).isTrue();
        assertThat(rule.forbidsStopAt(3)).isFalse();
        assertThat(rule.after(3, 2)).isEmpty();
        assertThat(rule.after(4, 2)).contains(Reason.STOP);
    }

    private static Stopping.Builder stopping() {
        return Stopping.newBuilder();
    }
}
