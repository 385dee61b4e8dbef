package dev.baton.cli.bench;

import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import dev.baton.cli.host.Installation;
import dev.baton.cli.up.LocalStack;
import dev.baton.cli.up.StackEnvironment;
import dev.baton.cli.up.StackPlan;
import dev.baton.stack.ChildProcess;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code baton bench restarts}: {@code kill -9} of each store that {@code up} starts again, and how long a client then waits that asks
 * until it is answered.
 */
@Command(
        name = "restarts",
        mixinStandardHelpOptions = true,
        description = "kill -9 of Kafka and of Redis, which are started again: how long a client waits that asks on.")
final class RestartsCommand implements Runnable {
    private static final List<String> STORES = List.of("kafka", "redis");
    private static final int TOKENS = 8;
    private static final int WORDS = 10;
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final long BEFORE_RETRY_MILLIS = 50;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Option(
            names = "--times",
            defaultValue = "5",
            description = "How often each is killed (default: ${DEFAULT-VALUE}).")
    private int times;

    @Mixin
    private final OwnStack own = new OwnStack();

    @Override
    public void run() {
        Arguments.positive("--times", times);
        PrintWriter out = spec.commandLine().getOut();
        StackPlan plan = new StackPlan(
                Installation.home().resolve("models/demo"), 1, 1, own.port(), 64, 1, List.of(), List.of());
        out.println("Starting 1 prefill and 1 decode worker, 1 thread each");
        out.flush();
        Map<String, Samples> waits = new LinkedHashMap<>();
        Map<String, Samples> serving = new LinkedHashMap<>();
        try (LocalStack stack = LocalStack.start(StackEnvironment.bench(), plan, line -> {});
                GatewayClient gateway = new GatewayClient(stack.url(), null)) {
            Thread.ofPlatform().daemon().name("watch").start(stack::watch);
            Prompts prompts = new Prompts(1);
            askUntilAnswered(gateway, stack, prompts);
            for (int i = 0; i < times; i++) {
                for (String store : STORES) {
                    ChildProcess before = stack.process(store);
                    long killed = System.nanoTime();
                    stack.kill(store);
                    long refused = System.nanoTime();
                    if (before.alive()) {
                        throw new CliException("fault not applied: " + store + " was not killed");
                    }
                    askUntilAnswered(gateway, stack, prompts);
                    waits.computeIfAbsent(store, absent -> new Samples()).addNanos(System.nanoTime() - killed);
                    awaitAllReady(stack);
                    serving.computeIfAbsent(store, absent -> new Samples()).addNanos(System.nanoTime() - refused);
                }
            }
        }
        print(out, waits, serving);
    }

    private static void askUntilAnswered(GatewayClient gateway, LocalStack stack, Prompts prompts) {
        long end = System.nanoTime() + LIMIT.toNanos();
        ObjectNode chat = Load.greedy(stack.modelName(), prompts.text(WORDS), TOKENS);
        TimedStream stream = new TimedStream();
        stream.ask(gateway, chat.deepCopy());
        while (stream.failure() != null) {
            if (System.nanoTime() - end >= 0) {
                throw new CliException("not answered within " + LIMIT.toSeconds() + " s: " + stream.failure());
            }
            rest();
            stream = new TimedStream();
            stream.ask(gateway, chat.deepCopy());
        }
    }

    private static void awaitAllReady(LocalStack stack) {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (!STORES.stream().allMatch(stack::ready)
                || !stack.pids().keySet().stream().allMatch(stack::ready)) {
            if (System.nanoTime() - end >= 0) {
                throw new CliException("not everything serves again within " + LIMIT.toSeconds() + " s");
            }
            rest();
        }
    }

    private static void rest() {
        try {
            TimeUnit.MILLISECONDS.sleep(BEFORE_RETRY_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    private void print(PrintWriter out, Map<String, Samples> waits, Map<String, Samples> serving) {
        Table table = new Table("since the kill, ms", "p50", "max", "times");
        ObjectNode root = JsonMapper.shared().createObjectNode();
        waits.forEach((store, samples) -> row(table, store + ": a client that asks on is answered", samples));
        serving.forEach((store, samples) -> row(table, store + ": every part is ready", samples));
        waits.forEach((store, samples) -> samples.writeTo(root.putObject(store + "_answered_ms")));
        serving.forEach((store, samples) -> samples.writeTo(root.putObject(store + "_ready_ms")));
        out.println(table);
        out.flush();
        own.write(root.toPrettyString());
    }

    private static void row(Table table, String name, Samples samples) {
        table.row(
                name,
                Table.number(samples.millis(50)),
                Table.number(samples.millis(100)),
                Long.toString(samples.count()));
    }
}
