package dev.baton.gateway.ledger;

import dev.baton.cluster.ledger.Account;
import dev.baton.cluster.ledger.Used;
import dev.baton.cluster.redis.PeriodicTask;
import java.time.Duration;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sums up what this gateway has answered, by day (UTC) and account, and writes the sums that have changed every few seconds.
 * Sums that could not be written wait for the next time. Any thread.
 */
public final class LedgerWriter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LedgerWriter.class);
    private static final Duration EVERY = Duration.ofSeconds(2);
    private static final int MOST_ACCOUNTS = 10_000;

    private final Destination ledger;
    private final InstantSource clock;
    private final PeriodicTask task;
    private final Object writing = new Object();
    private final Map<LocalDate, Day> days = new HashMap<>();

    /** Guarded by {@code writing}. */
    private boolean failing;

    /** Where sums go. Completes with how many found no room. */
    public interface Destination {
        CompletionStage<Integer> write(LocalDate day, Map<Account, Used> sums);
    }

    private static final class Day {
        final Map<Account, Used> sums = new HashMap<>();
        final Set<Account> changed = new HashSet<>();
    }

    public LedgerWriter(Destination ledger, InstantSource clock) {
        this.ledger = ledger;
        this.clock = clock;
        this.task = new PeriodicTask("ledger", EVERY, this::write).start();
    }

    public synchronized void add(Account account, Used usage) {
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        Day day = days.computeIfAbsent(today, date -> new Day());
        Account counted = day.sums.containsKey(account) || day.sums.size() < MOST_ACCOUNTS ? account : Account.OTHERS;
        day.sums.merge(counted, usage, Used::plus);
        day.changed.add(counted);
    }

    void write() {
        // A later sum must not be overtaken by an earlier one.
        synchronized (writing) {
            writeChanged();
        }
    }

    private void writeChanged() {
        LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
        for (LocalDate day : openDays()) {
            Map<Account, Used> sums = takeChanged(day, today);
            if (sums.isEmpty()) {
                continue;
            }
            try {
                int refused = ledger.write(day, sums).toCompletableFuture().join();
                failing = false;
                if (refused > 0) {
                    LOG.warn(
                            "The ledger of {} is full: {} sums are missing in it; usage events have them",
                            day,
                            refused);
                }
            } catch (CompletionException e) {
                putBack(day, sums.keySet());
                if (!failing) {
                    LOG.warn("The ledger takes no usage now (spring.data.redis.*): {}", String.valueOf(e.getCause()));
                }
                failing = true;
                return;
            }
        }
    }

    private synchronized Set<LocalDate> openDays() {
        return Set.copyOf(days.keySet());
    }

    /** A day that is over and written is forgotten. */
    private synchronized Map<Account, Used> takeChanged(LocalDate date, LocalDate today) {
        Day day = days.get(date);
        if (day == null) {
            return Map.of();
        }
        Map<Account, Used> sums = new HashMap<>();
        day.changed.forEach(account -> sums.put(account, day.sums.getOrDefault(account, Used.NONE)));
        day.changed.clear();
        if (sums.isEmpty() && date.isBefore(today)) {
            days.remove(date);
        }
        return sums;
    }

    private synchronized void putBack(LocalDate date, Set<Account> accounts) {
        Day day = days.get(date);
        if (day != null) {
            day.changed.addAll(accounts);
        }
    }

    /** Writes what is left. */
    @Override
    public void close() {
        task.close();
        write();
    }
}
