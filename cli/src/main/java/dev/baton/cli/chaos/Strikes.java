package dev.baton.cli.chaos;

import dev.baton.cli.chaos.faults.Fault;
import dev.baton.cli.chaos.faults.FaultKind;
import dev.baton.cli.chaos.faults.Faults;
import dev.baton.cli.chaos.faults.Proof;
import dev.baton.cli.host.CliException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/** Carries out the steps of a schedule one after another, and remembers when. */
final class Strikes {
    private final Faults faults;
    private final Schedule schedule;
    private final Set<FaultKind> missing;
    private final Consumer<String> progress;
    private final List<Strike> all = new ArrayList<>();

    /**
     * One step that was carried out, by {@link System#nanoTime}.
     *
     * @param healed when all that was struck served again
     */
    record Strike(List<FaultKind> kinds, long begun, long healed) {
        String label() {
            return kinds.size() == 1 ? kinds.getFirst().label() : "two at once";
        }
    }

    /**
     * @param missing kinds that cannot strike here: what else a schedule says stays the same
     * @param progress gets a line for each step
     */
    Strikes(Faults faults, Schedule schedule, Set<FaultKind> missing, Consumer<String> progress) {
        this.faults = faults;
        this.schedule = schedule;
        this.missing = Set.copyOf(missing);
        this.progress = progress;
    }

    List<Strike> all() {
        return List.copyOf(all);
    }

    /** Begins no step after {@code end}, by {@link System#nanoTime}. */
    void until(long end) {
        while (true) {
            Schedule.Step step = schedule.next();
            List<FaultKind> kinds = step.kinds().stream()
                    .filter(kind -> !missing.contains(kind))
                    .toList();
            if (kinds.isEmpty()) {
                continue;
            }
            Proof.sleep(step.pause());
            long begun = System.nanoTime();
            if (begun - end >= 0) {
                return;
            }
            together(kinds, step.hold());
            Strike strike = new Strike(kinds, begun, System.nanoTime());
            all.add(strike);
            progress.accept("%s, healed after %.1f s"
                    .formatted(
                            String.join(
                                    " and ",
                                    kinds.stream().map(FaultKind::label).toList()),
                            (strike.healed() - begun) / 1e9));
        }
    }

    private void together(List<FaultKind> kinds, Duration hold) {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = new ArrayList<>();
            for (FaultKind kind : kinds) {
                Fault fault = faults.of(kind, hold);
                running.add(threads.submit(() -> carryOut(fault)));
            }
            for (Future<?> one : running) {
                one.get();
            }
        } catch (ExecutionException e) {
            Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
            throw new CliException(String.valueOf(cause.getMessage()), cause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    /** Heals whatever happens. Where it cannot be healed because it was never applied, the latter is the failure. */
    static void carryOut(Fault fault) {
        try (Healing _ = fault::heal) {
            fault.strike();
        }
    }

    private interface Healing extends AutoCloseable {
        @Override
        void close();
    }
}
