package dev.baton.cli.bench;

import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import dev.baton.cli.up.LocalStack;
import dev.baton.cli.up.StackEnvironment;
import dev.baton.cli.up.StackPlan;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code baton bench bystanders}: steady arrivals, {@code kill -9} of one of two decode workers, and what the streams that
 * were not on it felt: gaps and TTFT in the window before the kill and in the one after it, while the dead worker is started
 * again on the same cores.
 */
@Command(
        name = "bystanders",
        mixinStandardHelpOptions = true,
        description = "kill -9 of a decode worker under steady load: gaps and TTFT of the streams on the others.")
final class BystandersCommand implements Runnable {
    private static final Duration WARM = Duration.ofSeconds(10);

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(
            names = "--rate",
            defaultValue = "2",
            description = "Arrivals a second, Poisson (default: ${DEFAULT-VALUE}).")
    private double rate;

    @Option(names = "--words", defaultValue = "40", description = "Words of each prompt (default: ${DEFAULT-VALUE}).")
    private int words;

    @Option(names = "--max-tokens", defaultValue = "200", description = "Of each answer (default: ${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(
            names = "--window",
            defaultValue = "30s",
            description = "Before the kill, and after it (default: ${DEFAULT-VALUE}).",
            converter = DurationText.class)
    private Duration window = Duration.ofSeconds(30);

    @Option(
            names = "--kv-memory",
            defaultValue = "256",
            description = "MiB of each worker's pool (default: ${DEFAULT-VALUE}).")
    private int kvMebibytes;

    @Mixin
    private final OwnStack own = new OwnStack();

    @Override
    public void run() {
        Arguments.positive("--max-tokens", maxTokens);
        Arguments.positive("--window", window);
        PrintWriter out = spec.commandLine().getOut();
        StackPlan plan = new StackPlan(model.folder(), 1, 2, own.port(), kvMebibytes, 1, List.of(), List.of());
        out.println("Starting 1 prefill and 2 decode workers, 1 thread each");
        out.flush();
        try (LocalStack stack = LocalStack.start(StackEnvironment.bench(), plan, line -> {});
                GatewayClient gateway = new GatewayClient(stack.url(), null)) {
            Thread.ofPlatform().daemon().name("watch").start(stack::watch);
            long start = System.nanoTime() + WARM.toNanos();
            long kill = start + window.toNanos();
            Thread.ofVirtual().start(() -> {
                await(kill);
                stack.kill("decode-0");
            });
            print(out, arrivals(gateway, stack.modelName(), kill + window.toNanos()), start, kill);
        }
    }

    /** Asks until {@code end}, and returns all streams when the last one has ended. */
    private List<Arrival> arrivals(GatewayClient gateway, String served, long end) {
        Prompts prompts = new Prompts(1);
        List<Arrival> all = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (long next = System.nanoTime(); next < end; next += prompts.gapNanos(rate)) {
                await(next);
                TimedStream stream = new TimedStream();
                all.add(new Arrival(next, stream));
                ObjectNode chat = Load.greedy(served, prompts.text(words), maxTokens);
                threads.execute(() -> stream.ask(gateway, chat));
            }
        }
        return all;
    }

    private static void await(long nanoTime) {
        for (long wait = nanoTime - System.nanoTime(); wait > 0; wait = nanoTime - System.nanoTime()) {
            LockSupport.parkNanos(wait);
        }
    }

    private void print(PrintWriter out, List<Arrival> arrivals, long start, long kill) {
        long end = kill + window.toNanos();
        Samples[] gaps = {new Samples(), new Samples()};
        Samples[] ttft = {new Samples(), new Samples()};
        int struck = 0;
        int failed = 0;
        for (Arrival arrival : arrivals) {
            if (arrival.stream().failure() != null) {
                failed++;
                out.println("failed: " + arrival.stream().failure());
            } else if (arrival.stream().struck()) {
                struck++;
            } else {
                arrival.add(start, kill, gaps[0], ttft[0]);
                arrival.add(kill, end, gaps[1], ttft[1]);
            }
        }
        Table table = new Table("ms", "gap p50", "gap p99", "gap max", "TTFT p50", "TTFT p99", "streams begun");
        row(table, "before the kill", gaps[0], ttft[0]);
        row(table, "after it", gaps[1], ttft[1]);
        out.println(table);
        out.printf(
                "%d streams were on the dead worker and are not in the table, %d failed. After / before: gap p99 %.2f,"
                        + " TTFT p99 %.2f.%n",
                struck, failed, gaps[1].millis(99) / gaps[0].millis(99), ttft[1].millis(99) / ttft[0].millis(99));
        out.flush();
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("struck", struck).put("failed", failed);
        gaps[0].writeTo(root.putObject("gap_before_ms"));
        gaps[1].writeTo(root.putObject("gap_after_ms"));
        ttft[0].writeTo(root.putObject("ttft_before_ms"));
        ttft[1].writeTo(root.putObject("ttft_after_ms"));
        own.write(root.toPrettyString());
        if (struck == 0) {
            throw new CliException("no stream was on the worker that was killed: raise --rate");
        }
    }

    private static void row(Table table, String name, Samples gaps, Samples ttft) {
        table.row(
                name,
                Table.number(gaps.millis(50)),
                Table.number(gaps.millis(99)),
                Table.number(gaps.millis(100)),
                Table.number(ttft.millis(50)),
                Table.number(ttft.millis(99)),
                Long.toString(ttft.count()));
    }

    /** One arrival, which may be asked a little late. */
    private record Arrival(long planned, TimedStream stream) {
        /** Adds the TTFT if it was planned, and the gaps that ended, between two times. */
        private void add(long from, long to, Samples gaps, Samples ttft) {
            if (stream.pieces() > 0 && planned >= from && planned < to) {
                ttft.addNanos(stream.time(0) - planned);
            }
            for (int i = 1; i < stream.pieces(); i++) {
                if (stream.time(i) >= from && stream.time(i) < to) {
                    gaps.addNanos(stream.time(i) - stream.time(i - 1));
                }
            }
        }
    }
}
