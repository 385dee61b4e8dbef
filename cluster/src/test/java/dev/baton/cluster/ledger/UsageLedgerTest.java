package dev.baton.cluster.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.redis.TestRedis;
import dev.baton.protocol.ClusterNames;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.time.Duration;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@WithStack
class UsageLedgerTest {
    private static final LocalDate DAY = LocalDate.of(2026, 11, 29);
    private static final Duration LONG = Duration.ofMinutes(1);
    private static final Account CI = new Account("acme", "ci", "a model\twith a tab");

    private TestRedis redis;
    private UsageLedger ledger;

    @BeforeEach
    void connect(TestStack stack) {
        redis = new TestRedis(stack.redis());
        ledger = new UsageLedger(
                redis.template(), new ClusterNames("ledger-" + UUID.randomUUID()), Duration.ofSeconds(10));
    }

    @AfterEach
    void disconnect() {
        redis.close();
    }

    @Test
    void theSumsOfAllGatewaysAreAddedAndWritingTwiceChangesNothing() throws Exception {
        for (int i = 0; i < 2; i++) {
            get(ledger.write(DAY, "g|1", Map.of(CI, new Used(2, 30, 10, 5)), LONG));
            get(ledger.write(DAY, "g|2", Map.of(CI, new Used(1, 3, 0, 1)), LONG));
        }
        get(ledger.write(DAY, "g|2", Map.of(CI, new Used(4, 40, 0, 9)), LONG));
        assertThat(get(ledger.read(DAY))).isEqualTo(Map.of(CI, new Used(6, 70, 10, 14)));
        assertThat(get(ledger.read(DAY.plusDays(1)))).isEmpty();
    }

    @Test
    void manyAccountsGoInPartsAndADayEnds() throws Exception {
        Map<Account, Used> many = new HashMap<>();
        for (int i = 0; i < 1_234; i++) {
            many.put(new Account("t" + i, "k", "m"), new Used(1, i, 0, i));
        }
        assertThat(get(ledger.write(DAY, "g|1", many, LONG))).isZero();
        assertThat(get(ledger.read(DAY))).isEqualTo(many);
        get(ledger.write(DAY, "g|1", Map.of(CI, Used.NONE), Duration.ofMillis(50)));
        await().atMost(LONG).until(() -> get(ledger.read(DAY)).isEmpty());
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
}
