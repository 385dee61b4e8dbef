package dev.baton.cli.bench;

import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import dev.baton.cli.up.LocalStack;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code baton bench}: open-loop load against a running gateway; where the time to the first token went. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = "Open-loop load against a running gateway.",
        subcommands = {
            InterferenceCommand.class,
            RecoveryCommand.class,
            BystandersCommand.class,
            RestartsCommand.class,
            FlipsCommand.class,
            IdleCommand.class,
            ModuleBenchCommand.Cache.class,
            ModuleBenchCommand.Engine.class,
            ModuleBenchCommand.Masks.class,
            ModuleBenchCommand.Transfer.class
        })
public final class BenchCommand implements Runnable {
    /** Parts of TTFT in the order in which they pass, as the gateway names them. */
    private static final List<String> STAGES = List.of("admission", "kafka", "queue", "prefill", "first_token");

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Option(names = "--url", description = "Gateway (default: the one that is up here, else http://127.0.0.1:8080).")
    private @Nullable URI url;

    @Option(
            names = "--key",
            defaultValue = "${env:BATON_API_KEY}",
            description = "API key (default: $${BATON_API_KEY}).")
    private @Nullable String key;

    @Option(names = "--model", description = "Model (default: the first that is served).")
    private @Nullable String model;

    @Option(
            names = "--rate",
            defaultValue = "2",
            description = "Arrivals per second, Poisson (default: ${DEFAULT-VALUE}).")
    private double rate;

    @Option(
            names = "--resumable",
            description =
                    "Ask for resumable streams. What they cost is the gateway's CPU time a chunk over that of a run without.")
    private boolean resumable;

    @Option(
            names = "--one-by-one",
            description = "Ask again only after an answer: an idle system. --rate then sets the pauses between.")
    private boolean oneByOne;

    @Option(
            names = "--duration",
            defaultValue = "30s",
            description = "Of the arrivals (default: ${DEFAULT-VALUE}).",
            converter = DurationText.class)
    private Duration duration = Duration.ofSeconds(30);

    @Option(names = "--words", defaultValue = "200", description = "Words of each prompt (default: ${DEFAULT-VALUE}).")
    private int words;

    @Option(
            names = "--max-tokens",
            defaultValue = "32",
            description = "Tokens of each answer (default: ${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(
            names = "--at-most",
            defaultValue = "512",
            description = "Answers under way at once (default: ${DEFAULT-VALUE}).")
    private int atMost;

    @Option(names = "--seed", defaultValue = "1", description = "Of arrivals and prompts (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--json", description = "Also write the figures here.")
    private @Nullable Path json;

    @Override
    public void run() {
        if (rate <= 0 || rate > 10_000) {
            throw new CliException("--rate takes more than 0 and at most 10000 arrivals per second, not " + rate);
        }
        Arguments.positive("--duration", duration);
        Arguments.positive("--words", words);
        Arguments.positive("--max-tokens", maxTokens);
        Arguments.positive("--at-most", atMost);
        PrintWriter out = spec.commandLine().getOut();
        URI at = LocalStack.gateway(url);
        try (GatewayClient gateway = new GatewayClient(at, key, resumable)) {
            List<String> models = gateway.models();
            if (model == null && models.isEmpty()) {
                throw new CliException("the gateway serves no model: is a decode worker up?");
            }
            String served = model != null ? model : models.getFirst();
            Load load = new Load(gateway, served, seed);
            ProgressBar bar = new ProgressBar(out);
            load.openLoop(Math.min(rate, 2), Duration.ofSeconds(3), words, 4, atMost, new Measurement(), bar);
            Measurement measured = new Measurement();
            GatewayCpu cpu = GatewayCpu.begin(LocalStack.runningPids("gateway", at));
            if (oneByOne) {
                load.oneByOne(rate, duration, words, maxTokens, measured, bar);
            } else {
                load.openLoop(rate, duration, words, maxTokens, atMost, measured, bar);
            }
            measured.gatewayCpu(cpu.since());
            print(out, served, measured);
            write(served, measured);
        }
    }

    private void print(PrintWriter out, String served, Measurement measured) {
        out.printf(
                "%s, %s for %d s, %d-word prompts, %d tokens each: %d answers, %d failed, %.0f tokens/s%n%n",
                served,
                oneByOne ? "one by one" : Table.number(rate) + " arrivals/s",
                duration.toSeconds(),
                words,
                maxTokens,
                measured.answers.sum(),
                measured.failures.sum(),
                measured.tokens.sum() / (duration.toNanos() / 1e9));
        Table table = new Table("ms", "p50", "p99", "max", "mean", "n");
        row(table, "TTFT (client)", measured.ttft);
        for (String stage : STAGES) {
            row(table, "· " + stage.replace('_', ' '), measured.stage(stage));
        }
        row(table, "control plane (TTFT - prefill)", measured.control);
        row(table, "handoff (beside the stream)", measured.stage("handoff"));
        row(table, "KV transfer, all", measured.stage("transfer"));
        row(table, "KV transfer, exposed", measured.stage("exposed_transfer"));
        row(table, "TPOT (client)", measured.tpot);
        row(table, "gap between tokens", measured.gaps);
        out.println(table);
        if (measured.control.count() > 0) {
            out.printf(
                    "Control plane (TTFT without prefill), each answer by itself: p50 %s ms (must 5, aim 2), p99 %s ms"
                            + " (must 20, aim 6) on an idle system.%n",
                    Table.number(measured.control.millis(50)), Table.number(measured.control.millis(99)));
        }
        measured.hiddenShare().ifPresent(share -> out.printf("Transfer hidden behind prefill: %.0f %%", 100 * share));
        measured.exposedShareOfTtft()
                .ifPresent(share -> out.printf("; exposed share of TTFT: %.2f %%.%n", 100 * share));
        measured.gatewayCpuMicrosPerChunk()
                .ifPresent(micros -> out.printf(
                        "CPU time of the gateways: %s µs a chunk of text, %d chunks%s.%n",
                        Table.number(micros), measured.chunks(), resumable ? ", of resumable streams" : ""));
        measured.errors().forEach((message, count) -> out.println("failed " + count + " times: " + message));
        out.flush();
    }

    private static void row(Table table, String name, Samples samples) {
        table.row(
                name,
                Table.number(samples.millis(50)),
                Table.number(samples.millis(99)),
                Table.number(samples.millis(100)),
                Table.number(samples.meanMillis()),
                Long.toString(samples.count()));
    }

    private void write(String served, Measurement measured) {
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("model", served)
                .put("one_by_one", oneByOne)
                .put("resumable", resumable)
                .put("rate", rate)
                .put("duration_s", duration.toSeconds())
                .put("words", words)
                .put("max_tokens", maxTokens);
        measured.writeTo(root);
        ResultFile.write(json, root.toPrettyString());
    }
}
