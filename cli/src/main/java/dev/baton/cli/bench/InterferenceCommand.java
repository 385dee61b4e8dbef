package dev.baton.cli.bench;

import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.up.LocalStack;
import dev.baton.cli.up.StackEnvironment;
import dev.baton.cli.up.StackPlan;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code baton bench interference}: why prefill and decode are split. Short chats run alone, then beside a long prompt
 * every few seconds; once with a prefill and a decode worker, once with as many workers that do both, on the same cores
 * and with the same threads each.
 */
@Command(
        name = "interference",
        mixinStandardHelpOptions = true,
        description = "Chats alone and beside long prompts: split against colocated on the same cores.")
final class InterferenceCommand implements Runnable {
    private static final Duration TICK = Duration.ofMillis(200);

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Mixin
    private final ModelOption model = new ModelOption();

    @Option(names = "--chats", defaultValue = "8", description = "Chats at once (default: ${DEFAULT-VALUE}).")
    private int chats;

    @Option(
            names = "--chat-tokens",
            defaultValue = "64",
            description = "Tokens of each answer (default: ${DEFAULT-VALUE}).")
    private int chatTokens;

    @Option(
            names = "--long-words",
            defaultValue = "1100",
            description = "Words of the long prompt (default: ${DEFAULT-VALUE}).")
    private int longWords;

    @Option(
            names = "--every",
            defaultValue = "2s",
            description = "A long prompt this often (default: ${DEFAULT-VALUE}).",
            converter = DurationText.class)
    private Duration every = Duration.ofSeconds(2);

    @Option(
            names = "--duration",
            defaultValue = "20s",
            description = "Of each phase (default: ${DEFAULT-VALUE}).",
            converter = DurationText.class)
    private Duration duration = Duration.ofSeconds(20);

    @Option(
            names = "--threads",
            defaultValue = "1",
            description = "Compute threads of each worker (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Mixin
    private final OwnStack own = new OwnStack();

    @Option(names = "--svg", description = "Also draw the picture here.")
    private @Nullable Path svg;

    @Override
    public void run() {
        Arguments.positive("--every", every);
        Arguments.positive("--duration", duration);
        Arguments.positive("--chats", chats);
        Arguments.positive("--chat-tokens", chatTokens);
        Arguments.positive("--long-words", longWords);
        PrintWriter out = spec.commandLine().getOut();
        Run split = measure("split", plan(1, 1, "split"), out);
        Run colocated = measure("colocated", plan(0, 2, "colocated"), out);
        List<Run> runs = List.of(split, colocated);
        out.println();
        out.println(table(runs));
        out.flush();
        write(runs);
    }

    private StackPlan plan(int prefill, int decode, String mode) {
        return new StackPlan(
                model.folder(),
                prefill,
                decode,
                own.port(),
                256,
                threads,
                List.of("--baton.dispatch.mode=" + mode),
                List.of());
    }

    private Run measure(String name, StackPlan plan, PrintWriter out) {
        out.println(name + ": starting " + plan.prefill() + " prefill and " + plan.decode() + " decode workers, "
                + plan.threadsEach() + " thread each");
        out.flush();
        try (LocalStack stack = LocalStack.start(StackEnvironment.bench(), plan, line -> {});
                GatewayClient gateway = new GatewayClient(stack.url(), null)) {
            Load load = new Load(gateway, gateway.models().getFirst(), 1);
            chatFor(load, Duration.ofSeconds(4), new Measurement(), new ProgressBar(out), false, new Measurement());
            Measurement alone = new Measurement();
            chatFor(load, duration, alone, new ProgressBar(out), false, new Measurement());
            Measurement beside = new Measurement();
            Measurement longs = new Measurement();
            chatFor(load, duration, beside, new ProgressBar(out), true, longs);
            if (alone.failures.sum() + beside.failures.sum() + longs.failures.sum() > 0) {
                out.println("  failures: " + alone.errors() + beside.errors() + longs.errors());
            }
            return new Run(name, alone, beside, longs, duration);
        }
    }

    /** Keeps {@code chats} answers under way until the time is over; with long prompts in between when asked. */
    private void chatFor(
            Load load, Duration time, Measurement into, ProgressBar bar, boolean longPrompts, Measurement longs) {
        long start = System.nanoTime();
        long end = start + time.toNanos();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < chats; i++) {
                threads.execute(() -> {
                    while (System.nanoTime() < end) {
                        load.ask(12, chatTokens, System.nanoTime(), into);
                    }
                });
            }
            long next = start + every.toNanos() / 2;
            for (long now = start; now < end; now = System.nanoTime()) {
                if (longPrompts && now >= next) {
                    long planned = next;
                    threads.execute(() -> load.ask(longWords, 4, planned, longs));
                    next += every.toNanos();
                }
                bar.show(
                        (now - start) / (double) time.toNanos(),
                        (longPrompts ? "chats beside long prompts: " : "chats alone: ") + into.answers.sum()
                                + " answers");
                LockSupport.parkNanos(Math.clamp(Math.min(next, end) - now, 1, TICK.toNanos()));
            }
            Load.drain(threads, () -> bar.show(1, "waiting for the last answers: " + into.answers.sum() + " so far"));
        }
        bar.done(null);
    }

    private static String table(List<Run> runs) {
        Table table = new Table(
                "",
                "TBT p50 ms alone",
                "p99 alone",
                "p50 beside",
                "p99 beside",
                "p99 ratio",
                "chat tok/s alone",
                "beside",
                "long TTFT p50 ms");
        for (Run run : runs) {
            table.row(
                    run.name(),
                    Table.number(run.alone().gaps.millis(50)),
                    Table.number(run.alone().gaps.millis(99)),
                    Table.number(run.beside().gaps.millis(50)),
                    Table.number(run.beside().gaps.millis(99)),
                    Table.number(run.beside().gaps.millis(99)
                            / Math.max(1e-3, run.alone().gaps.millis(99))),
                    Table.number(run.rate(run.alone())),
                    Table.number(run.rate(run.beside())),
                    Table.number(run.longs().ttft.millis(50)));
        }
        return table.toString();
    }

    private void write(List<Run> runs) {
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("chats", chats)
                .put("chat_tokens", chatTokens)
                .put("long_words", longWords)
                .put("every", every.toString());
        for (Run run : runs) {
            ObjectNode node = root.putObject(run.name());
            run.alone().writeTo(node.putObject("alone"));
            run.beside().writeTo(node.putObject("beside"));
            run.longs().writeTo(node.putObject("long"));
        }
        own.write(root.toPrettyString());
        ResultFile.write(svg, svg == null ? "" : InterferencePicture.draw(runs));
    }

    /** One arrangement, measured alone and beside long prompts. */
    record Run(String name, Measurement alone, Measurement beside, Measurement longs, Duration duration) {
        double rate(Measurement measurement) {
            return measurement.tokens.sum() / (duration.toNanos() / 1e9);
        }
    }
}
