package dev.baton.cli.bench;

import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import dev.baton.cli.up.LocalStack;
import dev.baton.cli.up.StackEnvironment;
import dev.baton.cli.up.StackPlan;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code baton bench idle}: the CPU that a stack takes while nobody asks it anything, by process and by thread. It is asked
 * a little first, so that what a first answer leaves behind is there, and then left alone before it is measured.
 */
@Command(
        name = "idle",
        mixinStandardHelpOptions = true,
        description = "CPU that gateway and workers take at rest (Linux).")
final class IdleCommand implements Runnable {
    private static final List<String> STORES = List.of("kafka", "redis");
    private static final int WARM_ANSWERS = 4;
    private static final int MOST_WORKERS = 8;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--decode", defaultValue = "2", description = "Decode workers (default: ${DEFAULT-VALUE}).")
    private int decode;

    @Option(
            names = "--duration",
            defaultValue = "30s",
            description = "How long is measured (default: ${DEFAULT-VALUE}).",
            converter = DurationText.class)
    private Duration duration = Duration.ofSeconds(30);

    @Option(
            names = "--settle",
            defaultValue = "70s",
            description = "Rest before it, longer than KV sessions stay open unused (default: ${DEFAULT-VALUE}).",
            converter = DurationText.class)
    private Duration settle = Duration.ofSeconds(70);

    @Option(
            names = "--threads",
            defaultValue = "0",
            description = "Busiest threads to name of each process (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Mixin
    private final OwnStack own = new OwnStack();

    @Override
    public void run() {
        Arguments.positive("--duration", duration);
        Arguments.positive("--decode", decode);
        if (decode > MOST_WORKERS) {
            throw new CliException("--decode takes at most " + MOST_WORKERS + ", not " + decode);
        }
        PrintWriter out = spec.commandLine().getOut();
        StackPlan plan = new StackPlan(model.folder(), 1, decode, own.port(), 64, 1, List.of(), List.of());
        say(out, "Starting a gateway, 1 prefill and " + decode + " decode workers");
        try (LocalStack stack = LocalStack.start(StackEnvironment.bench(), plan, line -> {});
                GatewayClient gateway = new GatewayClient(stack.url(), null)) {
            warm(gateway, stack.modelName());
            say(out, "At rest for " + settle.toSeconds() + " s, then measured for " + duration.toSeconds() + " s");
            rest(settle);
            Map<String, ThreadTimes> before = read(stack);
            long started = System.nanoTime();
            rest(duration);
            Map<String, ThreadTimes> after = read(stack);
            print(out, before, after, System.nanoTime() - started);
        } catch (IOException e) {
            throw new CliException("the times of a process cannot be read in /proc: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    private static void warm(GatewayClient gateway, String served) {
        Load load = new Load(gateway, served, 1);
        for (int i = 0; i < WARM_ANSWERS; i++) {
            load.ask(40, 16, System.nanoTime(), new Measurement());
        }
    }

    private static void rest(Duration time) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(time.toNanos());
    }

    private static Map<String, ThreadTimes> read(LocalStack stack) throws IOException {
        Map<String, ThreadTimes> times = new LinkedHashMap<>();
        for (Map.Entry<String, Long> role : stack.pids().entrySet()) {
            times.put(role.getKey(), ThreadTimes.of(role.getValue()));
        }
        for (String store : STORES) {
            times.put(store, ThreadTimes.of(stack.process(store).pid()));
        }
        return times;
    }

    private void print(PrintWriter out, Map<String, ThreadTimes> before, Map<String, ThreadTimes> after, long nanos) {
        Table table = new Table("at rest", "CPU, % of a core", threads > 0 ? "busiest threads, % of a core" : "");
        ObjectNode root = JsonMapper.shared().createObjectNode();
        double roles = 0;
        for (Map.Entry<String, ThreadTimes> each : after.entrySet()) {
            ThreadTimes then = before.get(each.getKey());
            if (then == null) {
                continue;
            }
            double share =
                    percent(each.getValue().process().minus(then.process()).toNanos(), nanos);
            roles += STORES.contains(each.getKey()) ? 0 : share;
            root.put(each.getKey(), share);
            table.row(each.getKey(), Table.number(share), busiest(then, each.getValue(), nanos));
        }
        table.row("gateway and workers", Table.number(roles), "");
        root.put("gateway_and_workers", roles);
        out.println(table);
        out.printf(
                "Together %s %% of a core over %d s (must 2), Kafka and Redis apart.%n",
                Table.number(roles), nanos / 1_000_000_000);
        out.flush();
        own.write(root.toPrettyString());
    }

    private String busiest(ThreadTimes before, ThreadTimes after, long nanos) {
        return after.busiest(before, threads).stream()
                .map(thread -> String.format(Locale.ROOT, "%s %.2f", thread.name(), percent(thread.nanos(), nanos)))
                .collect(Collectors.joining(", "));
    }

    private static double percent(long part, long whole) {
        return 100.0 * part / whole;
    }

    private static void say(PrintWriter out, String line) {
        out.println(line);
        out.flush();
    }
}
