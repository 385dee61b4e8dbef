package dev.baton.cli.chaos;

import dev.baton.cli.host.CliException;
import dev.baton.cli.host.Signals;
import dev.baton.cli.up.LocalStack;
import dev.baton.stack.ChildProcess;
import dev.baton.stack.RedisConsole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;

/** Makes the faults of one stack. A worker is chosen among those that live. */
final class Faults {
    private static final Duration ENDS_WITHIN = Duration.ofSeconds(30);
    private static final Duration SERVES_WITHIN = Duration.ofSeconds(90);
    private static final Duration REDIS_ANSWERS_WITHIN = Duration.ofSeconds(2);
    /** A command that Redis answers no sooner was held. */
    private static final Duration HELD = Duration.ofMillis(100);

    private static final long POLL_MILLIS = 20;

    private final LocalStack stack;
    private final RedisConsole redis;
    private final LeavingClients clients;
    private final Random random;

    Faults(LocalStack stack, LeavingClients clients, long seed) {
        this.stack = stack;
        this.redis = new RedisConsole(stack.redis(), REDIS_ANSWERS_WITHIN);
        this.clients = clients;
        this.random = new Random(seed);
    }

    /** @param hold for faults that last, how long they do */
    Fault of(FaultKind kind, Duration hold) {
        return switch (kind) {
            case KILL_DECODE, KILL_PREFILL, KILL_GATEWAY, KILL_REDIS, KILL_KAFKA -> killed(one(kind.part()));
            case FREEZE_DECODE, FREEZE_PREFILL, FREEZE_GATEWAY, FREEZE_REDIS, FREEZE_KAFKA ->
                frozen(one(kind.part()), hold);
            case RESTART_DECODE, RESTART_PREFILL -> restarted(one(kind.part()));
            case EMPTY_REDIS -> emptied();
            case READONLY_REDIS -> readOnly(hold);
            case SLOW_REDIS -> slow(hold);
            case LEAVE_GATEWAY -> clients;
        };
    }

    private String one(String part) {
        List<String> names = named(part);
        return names.isEmpty() ? part : names.get(random.nextInt(names.size()));
    }

    private List<String> named(String part) {
        return stack.pids().keySet().stream()
                .filter(name -> name.startsWith(part))
                .toList();
    }

    private Fault killed(String part) {
        return new Fault() {
            @Override
            public void strike() {
                ChildProcess process = stack.process(part);
                stack.kill(part);
                applied(!process.alive(), part + " was not killed");
            }

            @Override
            public void heal() {
                awaitServes(part);
            }
        };
    }

    private Fault restarted(String part) {
        return new Fault() {
            @Override
            public void strike() {
                ChildProcess process = stack.process(part);
                stack.restart(part);
                applied(within(ENDS_WITHIN, () -> !process.alive()), part + " did not end when it was asked to");
            }

            @Override
            public void heal() {
                awaitServes(part);
            }
        };
    }

    private Fault frozen(String part, Duration hold) {
        ChildProcess process = stack.process(part);
        return new Fault() {
            @Override
            public void strike() {
                Signals.send("STOP", process);
                applied(within(ENDS_WITHIN, () -> state(process) == 'T'), part + " was not stopped");
            }

            @Override
            public void heal() {
                sleep(hold);
                Signals.send("CONT", process);
                awaitServes(part);
            }
        };
    }

    private Fault emptied() {
        return new Fault() {
            @Override
            public void strike() {
                String before = ask("DBSIZE");
                ask("FLUSHALL");
                applied(!before.equals(":0"), "Redis was empty before it was emptied");
            }

            @Override
            public void heal() {
                awaitServes(FaultKind.EMPTY_REDIS.part());
            }
        };
    }

    /** A master without the replicas that it must have takes no writes. */
    private Fault readOnly(Duration hold) {
        return new Fault() {
            @Override
            public void strike() {
                ask("CONFIG", "SET", "min-replicas-to-write", "1");
                applied(ask("SET", "baton-chaos", "1").startsWith("-NOREPLICAS"), "Redis took a write");
            }

            @Override
            public void heal() {
                sleep(hold);
                ask("CONFIG", "SET", "min-replicas-to-write", "0");
                awaitServes(FaultKind.READONLY_REDIS.part());
            }
        };
    }

    private Fault slow(Duration hold) {
        return new Fault() {
            @Override
            public void strike() {
                long millis = Math.max(hold.toMillis(), 2 * HELD.toMillis());
                ask("CLIENT", "PAUSE", Long.toString(Math.min(millis, REDIS_ANSWERS_WITHIN.toMillis() - 500)));
                long start = System.nanoTime();
                ask("PING");
                applied(System.nanoTime() - start > HELD.toNanos(), "Redis answered at once");
            }

            @Override
            public void heal() {
                awaitServes(FaultKind.SLOW_REDIS.part());
            }
        };
    }

    private String ask(String... command) {
        try {
            return redis.ask(command);
        } catch (IOException e) {
            throw new CliException("fault not applied: " + redis + " does not answer: " + e.getMessage(), e);
        }
    }

    private void awaitServes(String part) {
        if (!within(
                SERVES_WITHIN,
                () -> stack.ready(part) && named("gateway").stream().allMatch(stack::ready))) {
            throw new CliException(part + " or a gateway did not serve again within " + SERVES_WITHIN.toSeconds()
                    + " s after a fault");
        }
    }

    static void applied(boolean proof, String otherwise) {
        if (!proof) {
            throw new CliException("fault not applied: " + otherwise);
        }
    }

    static boolean within(Duration limit, BooleanSupplier holds) {
        long end = System.nanoTime() + limit.toNanos();
        while (!holds.getAsBoolean()) {
            if (System.nanoTime() - end >= 0) {
                return false;
            }
            sleep(Duration.ofMillis(POLL_MILLIS));
        }
        return true;
    }

    static void sleep(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    /** The letter of its state in {@code /proc}; a blank when it has ended. */
    private static char state(ChildProcess process) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2);
        } catch (IOException e) {
            return ' ';
        }
    }
}
