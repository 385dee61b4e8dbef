package dev.baton.e2e;

import static org.awaitility.Awaitility.await;

import dev.baton.cli.up.LocalStack;
import dev.baton.cli.up.StackEnvironment;
import dev.baton.cli.up.StackPlan;
import dev.baton.stack.Ports;
import dev.baton.stack.testing.TestStack;
import dev.baton.transfer.pool.SharedPool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.core.ConditionTimeoutException;
import tools.jackson.databind.JsonNode;

/** A gateway and workers as processes, arranged as a {@link Setup} says. Its starter closes it. */
final class RunningBaton implements AutoCloseable {
    static final Path HOME = Path.of("..").toAbsolutePath().normalize();
    static final Path MODEL = HOME.resolve("models/demo");

    private static final Path STATE = Path.of("target/stack").toAbsolutePath();

    /** In it a folder for each worker whose pool no other one reads. */
    static final Path POOLS = STATE.resolve("pools");

    private final LocalStack stack;
    private final GatewayCalls calls;

    private RunningBaton(LocalStack stack) {
        this.stack = stack;
        this.calls = new GatewayCalls(stack.url());
    }

    static RunningBaton start(Setup setup) {
        return start(setup, setup.name(), List.of());
    }

    /**
     * Beside others that are up, with the same stores.
     *
     * @param name of its own
     * @param settings more, of all parts
     */
    static RunningBaton beside(Setup setup, String name, List<String> settings) {
        return start(setup, name, withCluster(name, settings));
    }

    /** Two gateways, a prefill and two decode workers, beside others as above. Nobody watches them yet. */
    static LocalStack twoGateways(String name, List<String> gatewaySettings) {
        return stack(
                name,
                new StackPlan(
                        MODEL,
                        1,
                        2,
                        2,
                        port(),
                        96,
                        1,
                        withCluster(name, gatewaySettings),
                        withCluster(name, List.of())));
    }

    /** Else both would hold the same lanes and list the same workers. */
    private static List<String> withCluster(String name, List<String> settings) {
        return Stream.concat(settings.stream(), Stream.of("--baton.cluster.name=" + name))
                .toList();
    }

    private static RunningBaton start(Setup setup, String name, List<String> settings) {
        removePools();
        RunningBaton baton = new RunningBaton(stack(
                name,
                new StackPlan(
                        MODEL,
                        1,
                        setup.decode(),
                        port(),
                        96,
                        1,
                        Stream.concat(setup.gatewaySettings().stream(), settings.stream())
                                .toList(),
                        Stream.concat(setup.workerSettings().stream(), settings.stream())
                                .toList())));
        // A gateway is ready a moment before it has heard of each worker; what it is asked until then goes another way.
        try {
            await().atMost(Duration.ofSeconds(30)).until(baton::sendsToAll);
        } catch (ConditionTimeoutException e) {
            baton.close();
            throw e;
        }
        return baton;
    }

    private static LocalStack stack(String name, StackPlan plan) {
        StackEnvironment environment = new StackEnvironment(
                HOME,
                STATE.resolve(name.toLowerCase(Locale.ROOT)),
                Optional.of(TestStack.shared().kafka()),
                Optional.of(TestStack.shared().redis()),
                false);
        return LocalStack.start(
                environment,
                plan,
                line -> System.getLogger("dev.baton.e2e").log(System.Logger.Level.INFO, line.strip()));
    }

    /** What killed workers left in folders of their own: the next run would go on with it. */
    private static void removePools() {
        if (!Files.isDirectory(POOLS)) {
            return;
        }
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(POOLS)) {
            for (Path folder : folders) {
                SharedPool.removeDead(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int port() {
        try {
            return Ports.free(1).getFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The KV pool of a worker, as it reports it between two steps. */
    record Pool(String worker, String integrity, int blocks, int free, int cached, int running, int queued) {
        boolean idle() {
            return running == 0 && queued == 0;
        }
    }

    URI url() {
        return stack.url();
    }

    GatewayCalls calls() {
        return calls;
    }

    /** Ends a part as kill -9 does; it is gone when this returns. */
    void kill(String name) {
        stack.kill(name);
    }

    /** Asks a worker to take nothing new and to hand over what it decodes, or to take work again. */
    void drain(String worker, boolean draining) {
        stack.management().post(managementPort("gateway"), "workers/" + worker, Map.of("draining", draining));
    }

    /** Whether the gateway sends the worker requests. */
    boolean sendsTo(String worker) {
        return stack.management()
                .json(managementPort("gateway"), "workers/" + worker)
                .path("state")
                .asString("")
                .equals("ready");
    }

    private boolean sendsToAll() {
        return stack.pids().keySet().stream()
                .filter(part -> !part.startsWith("gateway"))
                .allMatch(this::sendsTo);
    }

    boolean lives(String name) {
        Long pid = stack.pids().get(name);
        return pid != null && ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }

    Pool pool(String worker) {
        JsonNode pool = stack.management().json(managementPort(worker), "pool");
        return new Pool(
                worker,
                pool.path("integrity").asString(""),
                pool.path("blocks").asInt(-1),
                pool.path("free").asInt(-1),
                pool.path("cached").asInt(-1),
                pool.path("running").asInt(-1),
                pool.path("queued").asInt(-1));
    }

    /** Pools of the workers that live. */
    List<Pool> pools() {
        List<Pool> pools = new ArrayList<>();
        for (String part : stack.pids().keySet()) {
            if (!part.equals("gateway") && lives(part)) {
                pools.add(pool(part));
            }
        }
        return pools;
    }

    /** The live decode workers that have a sequence in their batch. */
    List<String> decoding() {
        return pools().stream()
                .filter(pool -> pool.worker().startsWith("decode") && pool.running() > 0)
                .map(Pool::worker)
                .toList();
    }

    /** Waits until no worker has anything to do, and fails when that is not so within {@code limit}. */
    void awaitIdle(Duration limit) {
        await().atMost(limit).until(this::pools, pools -> pools.stream().allMatch(Pool::idle));
    }

    /** Sum of the gateway's counters of this name whose labels contain {@code label}. */
    double gatewayCounter(String name, String label) {
        return counter("gateway", name, label);
    }

    /** The same of any part. */
    double counter(String part, String name, String label) {
        String text = stack.management().text(managementPort(part), "prometheus");
        Matcher line = Pattern.compile("(?m)^" + Pattern.quote(name) + "\\{([^}]*)} (\\S+)$")
                .matcher(text);
        double sum = 0;
        while (line.find()) {
            if (line.group(1).contains(label)) {
                sum += Double.parseDouble(line.group(2));
            }
        }
        return sum;
    }

    private int managementPort(String part) {
        Integer port = stack.managementPorts().get(part);
        if (port == null) {
            throw new IllegalArgumentException("no part " + part);
        }
        return port;
    }

    @Override
    public void close() {
        calls.close();
        stack.close();
        removePools();
    }
}
