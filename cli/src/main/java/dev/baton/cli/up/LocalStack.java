package dev.baton.cli.up;

import dev.baton.cli.client.ManagementCalls;
import dev.baton.cli.host.CliException;
import dev.baton.cli.up.Children.Child;
import dev.baton.stack.ChildProcess;
import dev.baton.stack.KafkaProcess;
import dev.baton.stack.Ports;
import dev.baton.stack.RedisProcess;
import dev.baton.stack.StackException;
import dev.baton.transfer.pool.SharedPool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The whole of Baton on this machine: Redis, Kafka, workers and a gateway as processes of their own, all on loopback.
 * Closing ends them, last started first; a failed start ends what it had begun.
 */
public final class LocalStack implements RollingRestart.Parts, AutoCloseable {
    private static final String KAFKA = "kafka";
    private static final String REDIS = "redis";

    private static final Duration READY_LIMIT = Duration.ofSeconds(240);
    private static final Duration STORE_READY_LIMIT = Duration.ofSeconds(60);
    private static final Duration GRACE = Duration.ofSeconds(8);
    /** A JVM that records its start-up cache writes it as it ends. */
    private static final Duration GRACE_WHEN_RECORDING = Duration.ofSeconds(90);

    private static final long POLL_MILLIS = 100;

    private final StackEnvironment environment;
    private final Path state;
    private final StackPlan plan;
    private final ProcessRecord record;
    private final Children children;
    private final Consumer<String> progress;
    private final StackCredentials credentials = StackCredentials.random();
    private @Nullable RoleCommands roles;
    private @Nullable URI redis;

    private LocalStack(StackEnvironment environment, StackPlan plan, Consumer<String> progress) {
        this.environment = environment;
        this.state = environment.state();
        this.plan = plan;
        this.record = new ProcessRecord(state);
        this.children = new Children(record);
        this.progress = progress;
    }

    /**
     * Starts everything that {@code environment} does not give already, and returns once the gateway is ready.
     *
     * @param progress gets one line per process, when it is ready
     * @throws CliException when something cannot start; nothing is left running then
     */
    public static LocalStack start(StackEnvironment environment, StackPlan plan, Consumer<String> progress) {
        LocalStack stack = new LocalStack(environment, plan, progress);
        stack.takeOver();
        // Ctrl-C and SIGTERM end the children too, at whatever point the start has got to.
        Runtime.getRuntime().addShutdownHook(new Thread(stack::close, "stop"));
        try {
            stack.record.begin(stack.url());
            stack.startAll();
            return stack;
        } catch (StackException | UncheckedIOException e) {
            throw stack.endAfter(new CliException(String.valueOf(e.getMessage()), e));
        } catch (IOException e) {
            throw stack.endAfter(new CliException("cannot find free ports: " + e.getMessage(), e));
        } catch (RuntimeException e) {
            throw stack.endAfter(e);
        }
    }

    /** The gateway of the {@code up} that runs in this checkout. */
    public static Optional<URI> running() {
        return new ProcessRecord(StackEnvironment.own().state()).up();
    }

    /** The live processes whose names begin so, of the {@code up} that runs in this checkout with its gateway at {@code url}. */
    public static List<Long> runningPids(String part, URI url) {
        ProcessRecord record = new ProcessRecord(StackEnvironment.own().state());
        if (!record.up().filter(url::equals).isPresent()) {
            return List.of();
        }
        return record.latest().stream()
                .filter(process -> process.name().startsWith(part) && process.alive())
                .map(ChildProcess::pid)
                .toList();
    }

    /** The gateway to talk to: the one that was named, else the one that is up here, else where one would be. */
    public static URI gateway(@Nullable URI named) {
        return named != null ? named : running().orElse(URI.create("http://127.0.0.1:8080"));
    }

    /** Checks that no other stack runs here, and removes what a killed one left. */
    private void takeOver() {
        record.refuseIfUp();
        List<String> left = record.endAll();
        if (!left.isEmpty()) {
            progress.accept("  ended what an earlier 'up' left running: " + String.join(", ", left));
        }
        long freed = removeDeadPools();
        if (freed > 0) {
            progress.accept("  freed %d MiB of KV pools that killed workers left in %s"
                    .formatted(freed >> 20, plan.poolFolder()));
        }
        HostCheck.enough(plan);
    }

    /** The failure to report: {@code failure}, unless it only shows that someone has told this stack to end. */
    private RuntimeException endAfter(RuntimeException failure) {
        return end() ? failure : new CliException("stopped before everything was up", failure);
    }

    public URI url() {
        return URI.create("http://127.0.0.1:" + plan.port());
    }

    /** All its gateways, the first one first. */
    public List<URI> urls() {
        return IntStream.range(0, plan.gateways())
                .mapToObj(i -> URI.create("http://127.0.0.1:" + (plan.port() + i)))
                .toList();
    }

    /** What clients call the model. */
    public String modelName() {
        return plan.modelName();
    }

    /** Pids of the workers and the gateway by name. */
    public Map<String, Long> pids() {
        Map<String, Long> pids = new LinkedHashMap<>();
        roleProcesses().forEach((name, role) -> pids.put(name, role.child().pid()));
        return pids;
    }

    /** Where its Redis is, password included. */
    public URI redis() {
        return Objects.requireNonNull(redis, "the stack has not started");
    }

    /** Whether a part runs and serves. */
    @Override
    public boolean ready(String name) {
        return children.named(name)
                .map(child -> child.process().exitStatus().isEmpty()
                        && child.process().ready())
                .orElse(false);
    }

    /** Asks a part to end; {@link #watch} starts it again. */
    @Override
    public void restart(String name) {
        new RestartRequests(state).ask(name);
    }

    /** The process of a part; it may have ended. */
    @Override
    public ChildProcess process(String name) {
        return children.named(name)
                .orElseThrow(() -> new IllegalArgumentException("no part " + name + " in "
                        + children.all().stream().map(Child::name).toList()))
                .process()
                .child();
    }

    /** The port of each role's actuator by its name. */
    @Override
    public Map<String, Integer> managementPorts() {
        Map<String, Integer> ports = new LinkedHashMap<>();
        roleProcesses().forEach((name, role) -> ports.put(name, role.spec().managementPort()));
        return ports;
    }

    /** Asks those ports. */
    @Override
    public ManagementCalls management() {
        return new ManagementCalls(credentials.operatorKey());
    }

    private Map<String, RoleProcess> roleProcesses() {
        Map<String, RoleProcess> found = new LinkedHashMap<>();
        for (Child child : children.all()) {
            if (child.process() instanceof RoleProcess role) {
                found.put(child.name(), role);
            }
        }
        return found;
    }

    /** Ends a process as kill -9 does, and returns when it is gone. It stays down unless {@code watch} runs. */
    public void kill(String name) {
        process(name).kill();
    }

    private void startAll() throws IOException {
        credentials.writeTo(credentialsFile(state));
        credentials.writeOperatorsTo(operatorsFile());
        List<Integer> ports = Ports.free(3 + plan.workers() + plan.gateways());
        List<Child> waiting = new ArrayList<>();
        if (environment.kafka().isEmpty()) {
            KafkaProcess.Settings kafka = new KafkaProcess.Settings(
                    ports.get(0),
                    ports.get(1),
                    state.resolve("kafka"),
                    log(KAFKA),
                    credentials.kafka(),
                    STORE_READY_LIMIT);
            waiting.add(children.start(KAFKA, () -> KafkaProcess.launch(kafka)));
        }
        URI store = environment.redis().orElseGet(() -> redis(ports.get(2)));
        redis = store;
        RoleCommands commands = new RoleCommands(
                environment, plan, secrets(store), environment.kafka().orElse("127.0.0.1:" + ports.get(0)));
        roles = commands;
        Duration grace = environment.records() ? GRACE_WHEN_RECORDING : GRACE;
        for (ProcessSpec spec : commands.specs(ports.subList(3, ports.size()))) {
            waiting.add(children.start(spec.name(), () -> RoleProcess.start(spec, grace)));
            record.managementPort(spec.name(), spec.managementPort());
        }
        awaitReady(waiting);
    }

    private URI redis(int port) {
        Optional<URI> given = RedisProcess.given(System.getenv());
        if (given.isPresent()) {
            progress.accept("  redis        as REDIS_URL says");
            return given.get();
        }
        RedisProcess.Settings redis = new RedisProcess.Settings(
                port, state.resolve("redis"), log(REDIS), credentials.redisPassword(), STORE_READY_LIMIT);
        awaitReady(List.of(children.start(REDIS, () -> RedisProcess.launch(redis))));
        return redis.url();
    }

    /** What the roles need to be let in, by the names of the environment: their command lines are open to all users. */
    private Map<String, String> secrets(URI redis) {
        Map<String, String> secrets = new LinkedHashMap<>();
        secrets.put("BATON_CLUSTER_SECRET", credentials.secret());
        secrets.put("BATON_MANAGEMENT_KEYS", operatorsFile().toString());
        secrets.put("SPRING_DATA_REDIS_URL", redis.toString());
        if (environment.kafka().isEmpty()) {
            KafkaProcess.clientProperties(credentials.kafka())
                    .forEach((name, value) -> secrets.put(
                            "SPRING_KAFKA_PROPERTIES_" + name.replace('.', '_').toUpperCase(Locale.ROOT), value));
        }
        return secrets;
    }

    static Path credentialsFile(Path state) {
        return state.resolve("credentials");
    }

    private Path operatorsFile() {
        return state.resolve("operators");
    }

    private Path log(String name) {
        return state.resolve("logs").resolve(name + ".log");
    }

    private void awaitReady(List<Child> children) {
        List<Child> waiting = new ArrayList<>(children);
        while (!waiting.isEmpty()) {
            for (Child child : List.copyOf(waiting)) {
                if (child.process().exitStatus().isPresent()) {
                    throw new CliException(child.name() + " ended before it was ready. " + lastWords(child));
                }
                if (child.process().ready()) {
                    waiting.remove(child);
                    progress.accept(readyLine(child));
                } else if (child.life().compareTo(READY_LIMIT) > 0) {
                    throw new CliException(child.name() + " was not ready within " + READY_LIMIT.toSeconds() + " s. "
                            + lastWords(child));
                }
            }
            pause();
        }
    }

    static String readyLine(Child child) {
        return "  %-12s ready in %4.1f s".formatted(child.name(), child.life().toMillis() / 1e3);
    }

    static String lastWords(Child child) {
        return "Why: " + child.process().lastWords() + "\nIts log: "
                + child.process().log();
    }

    /** Starts parts that died again until {@link #close}; returns then. */
    public void watch() {
        Supervisor watch = new Supervisor(children, new RestartRequests(state), progress);
        try {
            while (!children.ending()) {
                watch.look();
                pause();
            }
        } catch (CliException e) {
            throw endAfter(e);
        }
    }

    /** Between two looks at what is awaited. */
    static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    private long removeDeadPools() {
        return SharedPool.removeDead(plan.poolFolder());
    }

    private boolean end() {
        return children.end(() -> {
            RoleCommands commands = roles;
            if (commands != null && environment.records()) {
                commands.keepCaches();
            }
            removeDeadPools();
            credentialsFile(state).toFile().delete();
            operatorsFile().toFile().delete();
        });
    }

    @Override
    public void close() {
        end();
    }
}
