package dev.baton.cli.chaos.faults;

import static dev.baton.cli.chaos.faults.Proof.applied;
import static dev.baton.cli.chaos.faults.Proof.sleep;
import static dev.baton.cli.chaos.faults.Proof.within;

import dev.baton.cli.bench.StackCounters;
import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import dev.baton.cli.host.Signals;
import dev.baton.cli.up.LocalStack;
import dev.baton.cli.up.RollingRestart;
import dev.baton.stack.ChildProcess;
import dev.baton.stack.RedisConsole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** Makes the faults of one stack. A worker is chosen among those that live. */
public final class Faults {
    private static final Duration ENDS_WITHIN = Duration.ofSeconds(60);
    private static final Duration SERVES_WITHIN = Duration.ofSeconds(90);
    private static final Duration REDIS_ANSWERS_WITHIN = Duration.ofSeconds(2);
    /** A command that Redis answers no sooner was held. */
    private static final Duration HELD = Duration.ofMillis(100);

    private static final int LEAVING = 20;
    private static final int BURST = 300;
    private static final String ENGINE_THREAD = "engine";
    private static final List<Duration> STEPS =
            List.of(Duration.ofSeconds(31), Duration.ofMinutes(10), Duration.ofHours(-1));

    private final LocalStack stack;
    private final Equipment equipment;
    private final Load load;
    private final RedisConsole redis;
    private final NetworkFaults network;
    private final FlipFaults flips;
    private final StackCounters counters;
    private final Random random;
    private final long seed;

    /**
     * The clients of the stack.
     *
     * @param gateway for faults that ask
     * @param chats of a text, long enough that a client leaves in the middle
     * @param quiet keeps them from asking
     * @param model folder; {@code layers} of it
     */
    public record Load(
            GatewayClient gateway, Function<String, ObjectNode> chats, Quiet quiet, Path model, int layers) {}

    public Faults(LocalStack stack, Equipment equipment, Load load, long seed) {
        this.stack = stack;
        this.equipment = equipment;
        this.load = load;
        this.redis = new RedisConsole(stack.redis(), REDIS_ANSWERS_WITHIN);
        this.random = new Random(seed);
        this.seed = seed;
        this.counters = new StackCounters(stack);
        this.network = new NetworkFaults(new SocketOwners(stack::pids), this::awaitAll, random);
        this.flips = new FlipFaults(stack, counters, random);
    }

    /** @param hold for faults that last, how long they do */
    public Fault of(FaultKind kind, Duration hold) {
        return switch (kind) {
            case KILL_DECODE, KILL_PREFILL, KILL_GATEWAY, KILL_REDIS, KILL_KAFKA -> killed(one(kind.part()));
            case FREEZE_DECODE, FREEZE_PREFILL, FREEZE_GATEWAY, FREEZE_REDIS, FREEZE_KAFKA ->
                frozen(one(kind.part()), hold);
            case HANG_DECODE, HANG_PREFILL -> hung(one(kind.part()), hold);
            case RESTART_DECODE, RESTART_PREFILL -> restarted(one(kind.part()));
            case ROLL_STACK -> rolled();
            case EMPTY_REDIS -> emptied();
            case READONLY_REDIS -> readOnly(hold);
            case SLOW_REDIS -> slow(hold);
            case LEAVE_GATEWAY -> leaving(LEAVING);
            case BURST_GATEWAY -> leaving(BURST);
            case CUT_TOKENS -> network.cut(equipment.links().tokens(), hold);
            case CUT_KV -> network.cut(equipment.links().kv(), hold);
            case MUTE_TOKENS -> network.mute(equipment.links().tokens(), hold);
            case MUTE_KV -> network.mute(equipment.links().kv(), hold);
            case STALL_TOKENS -> network.stall(equipment.links().tokens(), hold);
            case STALL_KV -> network.stall(equipment.links().kv(), hold);
            case FLIP_KV -> flips.moving(equipment.links().flips(), load.layers());
            case FLIP_CACHE -> flips.cached(equipment.pools(), load.model(), load.quiet());
            case FILL_POOLS, FILL_KAFKA -> filled(equipment.small(kind), hold);
            case STEP_CLOCK -> stepped(hold);
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

    private Fault rolled() {
        return new Fault() {
            @Override
            public void strike() {
                Map<String, Long> before = stack.pids();
                new RollingRestart(stack, SERVES_WITHIN, part -> {}).all();
                applied(
                        stack.pids().entrySet().stream().noneMatch(part -> before.containsValue(part.getValue())),
                        "a part is still the process that it was");
            }

            @Override
            public void heal() {}
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

    private Fault hung(String part, Duration hold) {
        ChildProcess process = stack.process(part);
        return new Fault() {
            private @Nullable StoppedThread thread;

            @Override
            public void strike() {
                thread = StoppedThread.stop(process, ENGINE_THREAD);
            }

            @Override
            public void heal() {
                StoppedThread stopped = thread;
                if (stopped != null) {
                    sleep(hold);
                    stopped.close();
                }
                awaitServes(part);
            }
        };
    }

    private Fault leaving(int clients) {
        return new LeavingClients(clients, load.gateway(), load.chats(), counters, seed);
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

    private Fault filled(SmallFileSystem folder, Duration hold) {
        return new Fault() {
            @Override
            public void strike() {
                folder.fill();
            }

            @Override
            public void heal() {
                sleep(hold);
                folder.free();
                awaitServes("kafka");
                awaitAll();
            }
        };
    }

    private Fault stepped(Duration hold) {
        String part = equipment.clocked().get(random.nextInt(equipment.clocked().size()));
        Duration step = STEPS.get(random.nextInt(STEPS.size()));
        SteppedClocks clocks = equipment.clocks();
        return new Fault() {
            @Override
            public void strike() {
                clocks.set(part, step);
                clocks.await(stack.process(part).pid(), step, part);
            }

            @Override
            public void heal() {
                sleep(hold);
                clocks.set(part, Duration.ZERO);
                clocks.await(stack.process(part).pid(), Duration.ZERO, part);
                awaitServes(part);
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

    private void awaitAll() {
        stack.pids().keySet().forEach(this::awaitServes);
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
