package dev.baton.cli.up;

import dev.baton.cli.host.CliException;
import dev.baton.stack.StackProcess;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;

/**
 * The processes of one stack. Each is owned and recorded in the same step in which it is started, and none is started
 * once the end has begun: so whatever ends the stack, at whatever moment, ends all of it. Safe from any thread.
 */
final class Children {
    /**
     * A process by its name; it is replaced when it dies and is started again.
     *
     * @param start starts the next process when this one dies
     */
    record Child(String name, Supplier<? extends StackProcess> start, StackProcess process, long startedNanos) {
        Duration life() {
            return Duration.ofNanos(System.nanoTime() - startedNanos);
        }
    }

    private final ProcessRecord record;
    private final Map<String, Child> byName = new LinkedHashMap<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private boolean ending;

    Children(ProcessRecord record) {
        this.record = record;
    }

    /**
     * Starts a process, or starts it again under its old name.
     *
     * @throws CliException when the end has begun
     * @throws UncheckedIOException when it cannot be recorded; it is ended again then, and the one before it stays known
     */
    synchronized Child start(String name, Supplier<? extends StackProcess> start) {
        if (ending) {
            throw new CliException("stopped before " + name + " was started");
        }
        long startedNanos = System.nanoTime();
        StackProcess process = start.get();
        try {
            record.add(process.child());
        } catch (UncheckedIOException e) {
            process.close();
            throw e;
        }
        Child child = new Child(name, start, process, startedNanos);
        byName.put(name, child);
        return child;
    }

    /** In the order in which they were first started. */
    synchronized List<Child> all() {
        return List.copyOf(byName.values());
    }

    synchronized Optional<Child> named(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    synchronized boolean ending() {
        return ending;
    }

    /**
     * Ends all, last started first, roles before the stores that they use. A second caller waits for the first.
     *
     * @param afterwards run when they have ended, before callers that wait go on
     * @return whether this call did it
     */
    boolean end(Runnable afterwards) {
        if (!begin()) {
            return awaitEnd();
        }
        try {
            List<StackProcess> processes =
                    all().reversed().stream().map(Child::process).toList();
            List<RoleProcess> roles = processes.stream()
                    .filter(RoleProcess.class::isInstance)
                    .map(RoleProcess.class::cast)
                    .toList();
            roles.forEach(RoleProcess::ask);
            roles.forEach(RoleProcess::close);
            processes.stream()
                    .filter(process -> !(process instanceof RoleProcess))
                    .forEach(StackProcess::close);
            afterwards.run();
        } finally {
            record.forgetTheDead();
            ended.countDown();
        }
        return true;
    }

    private synchronized boolean begin() {
        boolean first = !ending;
        ending = true;
        return first;
    }

    private boolean awaitEnd() {
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }
}
