package dev.baton.cli.bench;

import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import dev.baton.cli.up.LocalStack;
import dev.baton.cli.up.StackEnvironment;
import dev.baton.cli.up.StackPlan;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code baton bench recovery}: streams at once, undisturbed and then with {@code kill -9} of one of two decode workers
 * once half of them have so many tokens, or with SIGTERM: the longest gap that followed, and whether every text is the same to
 * its last letter.
 */
@Command(
        name = "recovery",
        mixinStandardHelpOptions = true,
        description =
                "kill -9 or the end of a decode worker under many streams: the gap that follows, and lost or changed"
                        + " text.")
final class RecoveryCommand implements Runnable {
    private static final int TOKENS_AFTER = 400;
    private static final int WARM_TOKENS = 40;
    private static final int LIMIT_SECONDS = 600;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--streams", defaultValue = "64", description = "Streams at once (default: ${DEFAULT-VALUE}).")
    private int streams;

    @Option(
            names = "--after",
            defaultValue = "100",
            description = "Pieces of text that half of the streams have had when the worker dies (default:"
                    + " ${DEFAULT-VALUE}).")
    private int after;

    @Option(
            names = "--drain",
            description = "SIGTERM instead of kill -9: the worker hands its sequences over before it ends.")
    private boolean drain;

    @Option(names = "--words", defaultValue = "20", description = "Words of each prompt (default: ${DEFAULT-VALUE}).")
    private int words;

    @Option(
            names = "--kv-memory",
            defaultValue = "512",
            description = "MiB of each worker's pool (default: ${DEFAULT-VALUE}).")
    private int kvMebibytes;

    @Mixin
    private final OwnStack own = new OwnStack();

    @Override
    public void run() {
        Arguments.positive("--streams", streams);
        Arguments.positive("--after", after);
        Arguments.positive("--words", words);
        PrintWriter out = spec.commandLine().getOut();
        StackPlan plan = new StackPlan(model.folder(), 1, 2, own.port(), kvMebibytes, 1, List.of(), List.of());
        out.println("Starting 1 prefill and 2 decode workers, 1 thread each");
        out.flush();
        try (LocalStack stack = LocalStack.start(StackEnvironment.bench(), plan, line -> {});
                GatewayClient gateway = new GatewayClient(stack.url(), null)) {
            ask(gateway, stack.modelName(), WARM_TOKENS, new CountDownLatch(0));
            out.println("Undisturbed");
            out.flush();
            List<TimedStream> alone = ask(gateway, stack.modelName(), after + TOKENS_AFTER, new CountDownLatch(0));
            out.println(drain ? "With SIGTERM" : "With a kill");
            out.flush();
            CountDownLatch underWay = new CountDownLatch((streams + 1) / 2);
            long[] killed = new long[1];
            Thread killer = Thread.ofVirtual().start(() -> {
                if (awaited(underWay)) {
                    killed[0] = System.nanoTime();
                    strike(stack);
                }
            });
            List<TimedStream> disturbed = ask(gateway, stack.modelName(), after + TOKENS_AFTER, underWay);
            killer.join();
            print(out, alone, disturbed, killed[0], Recomputed.of(new StackCounters(stack)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    private void strike(LocalStack stack) {
        if (drain) {
            stack.process("decode-0").handle().ifPresent(ProcessHandle::destroy);
        } else {
            stack.kill("decode-0");
        }
    }

    /** @param underWay counted down by each stream that has had {@code after} pieces */
    private List<TimedStream> ask(GatewayClient gateway, String served, int tokens, CountDownLatch underWay) {
        Prompts prompts = new Prompts(1);
        List<TimedStream> all = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < streams; i++) {
                TimedStream stream = new TimedStream(after, underWay);
                ObjectNode chat = Load.greedy(served, prompts.text(words), tokens);
                all.add(stream);
                threads.execute(() -> stream.ask(gateway, chat));
            }
        }
        return all;
    }

    private static boolean awaited(CountDownLatch underWay) {
        try {
            return underWay.await(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /**
     * What the survivor computed again.
     *
     * @param sequences that went on there
     * @param tokens of these, computed again
     */
    private record Recomputed(double sequences, double tokens) {
        static Recomputed of(StackCounters counters) {
            return new Recomputed(
                    counters.sum("decode", "baton_kv_recoveries_total", ""),
                    counters.sum("decode", "baton_kv_recomputed_tokens_total", ""));
        }

        double perSequence() {
            return sequences == 0 ? 0 : tokens / sequences;
        }
    }

    private void print(
            PrintWriter out, List<TimedStream> alone, List<TimedStream> disturbed, long killed, Recomputed recomputed) {
        Samples moved = new Samples();
        Samples others = new Samples();
        int failed = 0;
        int changed = 0;
        for (int i = 0; i < streams; i++) {
            TimedStream stream = disturbed.get(i);
            if (stream.failure() != null || alone.get(i).failure() != null) {
                failed++;
                out.println("failed: " + stream.failure() + ", undisturbed: "
                        + alone.get(i).failure());
            } else if (!stream.sameText(alone.get(i))) {
                changed++;
            }
            (stream.struck() ? moved : others).addNanos(stream.longestGapAfter(killed));
        }
        Table table = new Table(
                drain ? "longest gap since SIGTERM, ms" : "longest gap since the kill, ms",
                "p50",
                "p99",
                "max",
                "streams");
        row(table, drain ? "on the worker that ends" : "on the dead worker", moved);
        row(table, "on the other", others);
        out.println(table);
        out.printf(
                "%d streams, half with %d pieces before the kill: %d failed, %d with another text.%n",
                streams, after, failed, changed);
        out.printf(
                "%.0f sequences went on at the survivor; it computed %.2f tokens of each again.%n",
                recomputed.sequences(), recomputed.perSequence());
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("streams", streams).put("after", after).put("failed", failed).put("changed", changed);
        root.put("recomputed_tokens_each", recomputed.perSequence());
        moved.writeTo(root.putObject("longest_gap_ms"));
        others.writeTo(root.putObject("longest_gap_of_others_ms"));
        own.write(root.toPrettyString());
        if (moved.count() == 0) {
            throw new CliException("no stream was on the worker that was killed: nothing was measured");
        }
        if (failed + changed > 0) {
            throw new CliException("text was lost or changed");
        }
    }

    private static void row(Table table, String name, Samples samples) {
        table.row(
                name,
                Table.number(samples.millis(50)),
                Table.number(samples.millis(99)),
                Table.number(samples.millis(100)),
                Long.toString(samples.count()));
    }
}
