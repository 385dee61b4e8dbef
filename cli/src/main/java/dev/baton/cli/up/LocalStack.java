package dev.baton.cli.up;

import dev.baton.cli.CliException;
import dev.baton.stack.ChildProcess;
import dev.baton.stack.KafkaProcess;
import dev.baton.stack.Ports;
import dev.baton.stack.RedisProcess;
import dev.baton.stack.StackException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The whole of Baton on this machine: Redis, Kafka, workers and a gateway as processes of their own, all on loopback.
 * Closing ends them, last started first; a failed start ends what it had begun.
 */
public final class LocalStack implements AutoCloseable {
    private static final Duration READY_LIMIT = Duration.ofSeconds(240);
    private static final Duration GRACE = Duration.ofSeconds(8);
    /** A JVM that records its start-up cache writes it as it ends. */
    private static final Duration GRACE_WHEN_RECORDING = Duration.ofSeconds(90);

    private static final long POLL_MILLIS = 100;
    /** Exit states of a JVM after SIGINT and SIGTERM. */
    private static final Set<Integer> ASKED_TO_END = Set.of(130, 143);

    private final StackPlace place;
    private final Path state;
    private final StackPlan plan;
    private final ProcessRecord record;
    private final Consumer<String> progress;
    private final List<AutoCloseable> stores = new ArrayList<>();
    private final Map<Part, Process> running = new LinkedHashMap<>();
    private @Nullable Roles roles;
    private boolean closing;

    private LocalStack(StackPlace place, StackPlan plan, Consumer<String> progress) {
        this.place = place;
        this.state = place.state();
        this.plan = plan;
        this.record = new ProcessRecord(state);
        this.progress = progress;
    }

    /** Starts everything in the checkout {@code home}, with the state in its {@code .baton}. */
    public static LocalStack start(Path home, StackPlan plan, Consumer<String> progress) {
        return start(StackPlace.of(home), plan, progress);
    }

    /**
     * Starts everything that {@code place} does not give already, and returns once the gateway is ready.
     *
     * @param progress told a line a part, as it gets ready
     * @throws CliException when something cannot start; nothing is left running then
     */
    public static LocalStack start(StackPlace place, StackPlan plan, Consumer<String> progress) {
        LocalStack stack = new LocalStack(place, plan, progress);
        // Ctrl-C and SIGTERM end the children too, at whatever point the start has got to.
        Runtime.getRuntime().addShutdownHook(new Thread(stack::close, "stop"));
        try {
            stack.record.endAll();
            HostCheck.enough(plan);
            stack.record.add(self());
            stack.startAll();
            return stack;
        } catch (StackException e) {
            stack.close();
            throw new CliException(String.valueOf(e.getMessage()), e);
        } catch (IOException e) {
            stack.close();
            throw new CliException("cannot find free ports: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            stack.close();
            throw e;
        }
    }

    private static ChildProcess self() {
        ProcessHandle self = ProcessHandle.current();
        return new ChildProcess(
                ProcessRecord.SELF, self.pid(), self.info().startInstant().orElseGet(Instant::now));
    }

    public URI url() {
        return URI.create("http://127.0.0.1:" + plan.port());
    }

    /** What clients call the model. */
    public String modelName() {
        return plan.modelName();
    }

    /** Pids of the workers and the gateway by name. */
    public synchronized Map<String, Long> pids() {
        Map<String, Long> pids = new LinkedHashMap<>();
        running.forEach((part, process) -> pids.put(part.name(), process.pid()));
        return pids;
    }

    /** The port of each part's actuator by its name. */
    public synchronized Map<String, Integer> managementPorts() {
        Map<String, Integer> ports = new LinkedHashMap<>();
        running.keySet().forEach(part -> ports.put(part.name(), part.managementPort()));
        return ports;
    }

    /** Ends a part as kill -9 does, and returns when its process is gone. It stays gone unless {@code watch} runs. */
    public void kill(String name) {
        Process process = process(name);
        process.destroyForcibly();
        process.onExit().orTimeout(GRACE.toMillis(), TimeUnit.MILLISECONDS).join();
    }

    private synchronized Process process(String name) {
        return running.entrySet().stream()
                .filter(entry -> entry.getKey().name().equals(name))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no part " + name + " in " + pids().keySet()));
    }

    private void startAll() throws IOException {
        List<Integer> ports = Ports.free(3 + plan.workers() + 1);
        Optional<CompletableFuture<KafkaProcess>> kafkaStart = place.kafka().isPresent()
                ? Optional.empty()
                : Optional.of(CompletableFuture.supplyAsync(() -> startKafka(ports.get(0), ports.get(1))));
        URI redis = place.redis().orElseGet(() -> redis(ports.get(2)));
        String bootstrap = place.kafka().orElse("127.0.0.1:" + ports.get(0));
        Roles commands = new Roles(place, plan, bootstrap, redis, state.resolve("logs"));
        roles = commands;
        List<Part> parts = commands.parts(ports.subList(3, ports.size()));
        parts.forEach(this::launch);
        try {
            kafkaStart.ifPresent(start -> keep(start.join()));
        } catch (CompletionException e) {
            throw e.getCause() instanceof StackException cause ? cause : e;
        }
        awaitReady(parts);
    }

    private KafkaProcess startKafka(int port, int controllerPort) {
        long started = System.nanoTime();
        KafkaProcess kafka = KafkaProcess.start(new KafkaProcess.Settings(
                port, controllerPort, state.resolve("kafka"), state.resolve("logs/kafka.log"), Duration.ofSeconds(60)));
        record.add(kafka.child());
        tell("kafka", started);
        return kafka;
    }

    private URI redis(int port) {
        Optional<URI> given = RedisProcess.given(System.getenv());
        if (given.isPresent()) {
            progress.accept("  redis        as REDIS_URL says");
            return given.get();
        }
        long started = System.nanoTime();
        RedisProcess redis = RedisProcess.start(new RedisProcess.Settings(
                port, state.resolve("redis"), state.resolve("logs/redis.log"), null, Duration.ofSeconds(20)));
        record.add(redis.child());
        keep(redis);
        tell("redis", started);
        return redis.url();
    }

    private synchronized void keep(AutoCloseable store) {
        stores.add(store);
    }

    private synchronized void launch(Part part) {
        Process process = part.start();
        record.add(ChildProcess.of(part.name(), process));
        running.put(part, process);
    }

    private void awaitReady(List<Part> parts) {
        long started = System.nanoTime();
        List<Part> waiting = new ArrayList<>(parts);
        while (!waiting.isEmpty()) {
            for (Part part : List.copyOf(waiting)) {
                Process process = running.get(part);
                if (process == null || !process.isAlive()) {
                    throw new CliException(part.name() + " ended before it was ready. From " + part.log() + ":\n    "
                            + part.lastWords());
                }
                if (part.ready()) {
                    waiting.remove(part);
                    tell(part.name(), started);
                }
            }
            if (System.nanoTime() - started > READY_LIMIT.toNanos()) {
                throw new CliException(waiting.getFirst().name() + " was not ready within " + READY_LIMIT.toSeconds()
                        + " s. From " + waiting.getFirst().log() + ":\n    "
                        + waiting.getFirst().lastWords());
            }
            pause();
        }
    }

    /** Starts workers that died again until {@link #close}. A worker that was asked to end stays down. */
    void watch() {
        while (!closed()) {
            Map<Part, Process> now;
            synchronized (this) {
                now = new LinkedHashMap<>(running);
            }
            for (Map.Entry<Part, Process> entry : now.entrySet()) {
                if (!entry.getValue().isAlive()
                        && !ASKED_TO_END.contains(entry.getValue().exitValue())
                        && !closed()) {
                    Part part = entry.getKey();
                    if (part.name().equals(Roles.GATEWAY)) {
                        throw new CliException("the gateway ended. From " + part.log() + ":\n    " + part.lastWords());
                    }
                    progress.accept("  " + part.name() + " ended with status "
                            + entry.getValue().exitValue() + ": starting it again");
                    launch(part);
                }
            }
            pause();
        }
    }

    private synchronized boolean closed() {
        return closing;
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    private void tell(String name, long startedNanos) {
        progress.accept("  %-12s ready in %4.1f s".formatted(name, (System.nanoTime() - startedNanos) / 1e9));
    }

    @Override
    public void close() {
        List<ChildProcess> children;
        List<AutoCloseable> open;
        synchronized (this) {
            if (closing) {
                return;
            }
            closing = true;
            children = running.entrySet().stream()
                    .map(entry -> ChildProcess.of(entry.getKey().name(), entry.getValue()))
                    .toList();
            open = List.copyOf(stores);
        }
        children.reversed().forEach(child -> child.handle().ifPresent(ProcessHandle::destroy));
        Roles commands = roles;
        Duration grace = place.records() ? GRACE_WHEN_RECORDING : GRACE;
        children.reversed().forEach(child -> child.stop(grace));
        if (commands != null && place.records()) {
            commands.keepCaches();
        }
        for (AutoCloseable store : open.reversed()) {
            try {
                store.close();
            } catch (Exception e) {
                progress.accept("  " + store + " did not stop: " + e.getMessage());
            }
        }
        record.clear();
    }
}
