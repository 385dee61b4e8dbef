package dev.baton.gateway.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cluster.ledger.Account;
import dev.baton.cluster.ledger.Used;
import java.io.IOException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Sums on their way to the ledger. */
class LedgerWriterTest {
    private static final Account CI = new Account("acme", "ci", "demo");
    private static final Used ONE = new Used(1, 10, 4, 3);

    private final Map<LocalDate, Map<Account, Used>> written = new HashMap<>();
    private boolean away;
    private int calls;
    private Instant now = Instant.parse("2026-11-29T23:59:00Z");

    private synchronized CompletionStage<Integer> write(LocalDate day, Map<Account, Used> sums) {
        calls++;
        if (away) {
            return CompletableFuture.failedStage(new IOException("away in this test"));
        }
        written.computeIfAbsent(day, date -> new HashMap<>()).putAll(sums);
        return CompletableFuture.completedStage(0);
    }

    @Test
    void whatCouldNotBeWrittenIsWrittenLaterAndEachDayHasItsOwn() {
        LedgerWriter writer = new LedgerWriter(this::write, () -> now);
        away = true;
        writer.add(CI, ONE);
        writer.write();
        writer.add(CI, ONE);
        assertThat(calls).isPositive();
        assertThat(written).isEmpty();
        now = Instant.parse("2026-11-30T00:00:01Z");
        writer.add(CI, ONE);
        away = false;
        writer.close();
        assertThat(written)
                .isEqualTo(Map.of(
                        LocalDate.of(2026, 11, 29), Map.of(CI, new Used(2, 20, 8, 6)),
                        LocalDate.of(2026, 11, 30), Map.of(CI, ONE)));
    }

    @Test
    void sumsThatHaveNotChangedAreNotWrittenAgain() {
        LedgerWriter writer = new LedgerWriter(this::write, () -> now);
        writer.add(CI, ONE);
        writer.write();
        int once = calls;
        writer.write();
        writer.close();
        assertThat(calls).isEqualTo(once);
    }
}
