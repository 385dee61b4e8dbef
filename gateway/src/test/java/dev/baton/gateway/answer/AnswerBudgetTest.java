package dev.baton.gateway.answer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.gateway.error.ApiError;
import dev.baton.gateway.error.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

/** Who has to go when the budget is full, and what is held afterwards. */
class AnswerBudgetTest {
    private final AnswerBudget budget = new AnswerBudget(DataSize.ofBytes(1000));
    private final List<ApiError> evicted = new ArrayList<>();

    private AnswerBudget.Account account() {
        AnswerBudget.Account account = budget.open();
        account.whenEvicted(evicted::add);
        return account;
    }

    @Test
    void endsTheRequestThatHoldsMostAndNotTheOneThatAsks() {
        AnswerBudget.Account big = account();
        AnswerBudget.Account small = account();
        assertThat(big.take(900)).isTrue();
        assertThat(small.take(200)).isTrue();
        assertThat(evicted).singleElement().satisfies(error -> {
            assertThat(error.status()).isEqualTo(503);
            assertThat(error.headers()).containsEntry("x-should-retry", "false");
        });
        assertThat(big.take(1)).as("it has ended").isFalse();
        assertThat(budget.held()).isEqualTo(200);
    }

    @Test
    void endsTheOneThatAsksWhenItHoldsMost() {
        AnswerBudget.Account other = account();
        AnswerBudget.Account asking = account();
        assertThat(other.take(300)).isTrue();
        assertThat(asking.take(800)).isFalse();
        assertThat(evicted).hasSize(1);
        assertThat(budget.held()).isEqualTo(300);
    }

    @Test
    void invitesARetryWhenManySmallOnesFillIt() {
        for (int i = 0; i < 11; i++) {
            assertThat(account().take(90 + i)).isEqualTo(i < 10);
        }
        assertThat(evicted)
                .singleElement()
                .satisfies(error ->
                        assertThat(error.headers()).containsKey("Retry-After").doesNotContainKey("x-should-retry"));
    }

    @Test
    void tellsWhoComesTooLateThatItWasEnded() {
        AnswerBudget.Account early = budget.open();
        early.require(900);
        assertThat(account().take(200)).isTrue();
        early.whenEvicted(evicted::add);
        assertThat(evicted).hasSize(1);
        assertThatThrownBy(() -> budget.open().require(1001)).isInstanceOf(ApiException.class);
        assertThat(budget.held()).isEqualTo(200);
    }

    @Test
    void hasAllBackWhenAnAccountIsClosed() {
        AnswerBudget.Account account = account();
        account.take(500);
        account.give(100);
        assertThat(budget.held()).isEqualTo(400);
        account.close();
        account.give(100);
        account.close();
        assertThat(account.take(1)).isFalse();
        assertThat(budget.held()).isZero();
    }

    @Test
    void countsTrueWhenManyThreadsTakeAndGive() throws Exception {
        AnswerBudget wide = new AnswerBudget(DataSize.ofBytes(5000));
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                all.add(threads.submit(() -> {
                    for (int i = 0; i < 20_000; i++) {
                        try (AnswerBudget.Account account = wide.open()) {
                            account.take(1700);
                            account.give(600);
                            account.take(800);
                        }
                    }
                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
        }
        assertThat(wide.held()).isZero();
    }
}
