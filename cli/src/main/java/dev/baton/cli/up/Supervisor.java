package dev.baton.cli.up;

import dev.baton.cli.up.Children.Child;
import dev.baton.stack.StackException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Restarts the processes of a running stack when they die, with a pause when they keep dying; one that was asked to end
 * stays down unless {@code restart} asked for it. Each event is reported once. One thread.
 */
final class Supervisor {
    /** What a process that was asked to end exits with: Redis 0, a JVM 130 and 143 after SIGINT and SIGTERM. */
    private static final Set<Integer> ASKED_TO_END = Set.of(0, 130, 143);

    /** How long a part that is restarted may take to end before it is killed: longer than a gateway lets its streams run. */
    private static final Duration GRACE = Duration.ofSeconds(60);

    private final Children children;
    private final RestartRequests requests;
    private final Consumer<String> progress;
    private final RestartBackoff backoff = new RestartBackoff();
    /** Dead processes by name, and when to start them, by {@link System#nanoTime}. */
    private final Map<String, Long> due = new HashMap<>();

    private final Set<String> leftDown = new HashSet<>();
    private final Set<String> starting = new HashSet<>();

    /** Parts that were told to end and start again, and when to kill them, by {@link System#nanoTime}. */
    private final Map<String, Long> restarting = new HashMap<>();

    Supervisor(Children children, RestartRequests requests, Consumer<String> progress) {
        this.children = children;
        this.requests = requests;
        this.progress = progress;
    }

    void look() {
        requests.take().forEach(name -> children.named(name).ifPresent(this::restart));
        for (Child child : children.all()) {
            if (child.process().exitStatus().isPresent()) {
                dead(child, child.process().exitStatus().getAsInt());
            } else if (overdue(child)) {
                child.process().child().kill();
            } else if (starting.contains(child.name()) && child.process().ready()) {
                starting.remove(child.name());
                progress.accept(LocalStack.readyLine(child));
            }
        }
    }

    /** Asks a part to end; it is started again once it has, or at once if it is down. */
    private void restart(Child child) {
        leftDown.remove(child.name());
        due.remove(child.name());
        restarting.putIfAbsent(child.name(), System.nanoTime() + GRACE.toNanos());
        progress.accept("  " + child.name() + " is restarted");
        child.process().child().handle().ifPresent(ProcessHandle::destroy);
    }

    private boolean overdue(Child child) {
        Long kill = restarting.get(child.name());
        return kill != null && System.nanoTime() - kill >= 0;
    }

    private void dead(Child child, int status) {
        String name = child.name();
        if (restarting.remove(name) != null) {
            startAgain(child);
            return;
        }
        if (leftDown.contains(name)) {
            return;
        }
        if (due.containsKey(name)) {
            if (System.nanoTime() - due.get(name) >= 0) {
                due.remove(name);
                startAgain(child);
            }
        } else if (ASKED_TO_END.contains(status)) {
            leftDown.add(name);
            progress.accept("  " + name + " was asked to end: it stays down until the next start");
        } else {
            Duration pause = backoff.pauseBeforeRestart(name, child.life());
            due.put(name, System.nanoTime() + pause.toNanos());
            progress.accept("  " + name + " ended with status " + status + ": starting it again"
                    + (pause.isZero()
                            ? ""
                            : " in " + pause.toSeconds() + " s (log: "
                                    + child.process().log() + ")"));
        }
    }

    private void startAgain(Child child) {
        try {
            children.start(child.name(), child.start());
            starting.add(child.name());
        } catch (StackException | UncheckedIOException e) {
            // Its disk may be full, or its port taken for a moment: the others need not end for that.
            Duration pause = backoff.pauseBeforeRestart(child.name(), Duration.ZERO);
            due.put(child.name(), System.nanoTime() + pause.toNanos());
            progress.accept("  " + child.name() + " cannot be started: " + e.getMessage()
                    + (pause.isZero() ? "" : " Trying again in " + pause.toSeconds() + " s"));
        }
    }
}
