package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class HedgeBudgetTest {
    private final AtomicInteger requests = new AtomicInteger(5);
    private final HedgeBudget budget = new HedgeBudget(requests::get);

    @Test
    void aTenthOfTheRequestsMayHaveASecondAttemptAndOneInAnyCase() {
        assertThat(budget.take()).isTrue();
        assertThat(budget.take()).isFalse();
        requests.set(39);
        assertThat(budget.take()).isTrue();
        assertThat(budget.take()).isTrue();
        assertThat(budget.take()).isFalse();
        budget.giveBack();
        assertThat(budget.take()).isTrue();
        assertThat(budget.taken()).isEqualTo(3);
    }
}
