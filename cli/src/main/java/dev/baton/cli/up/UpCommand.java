package dev.baton.cli.up;

import dev.baton.cli.host.Installation;
import dev.baton.cli.hub.FetchLines;
import dev.baton.cli.hub.ModelSource;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code baton up}: the whole path on this machine, until Ctrl-C. */
@Command(name = "up", mixinStandardHelpOptions = true, description = "Starts Redis, Kafka, workers and a gateway here.")
public final class UpCommand implements Runnable {
    private static final String READY = "Baton is up after";

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Option(
            names = "--model",
            description =
                    "Hugging Face folder, GGUF file, or org/name[@revision][:file] on a hub (default: models/demo).")
    private @Nullable String model;

    @Option(names = "--prefill", defaultValue = "1", description = "Prefill workers (default: ${DEFAULT-VALUE}).")
    private int prefill;

    @Option(names = "--decode", defaultValue = "1", description = "Decode workers (default: ${DEFAULT-VALUE}).")
    private int decode;

    @Option(
            names = "--gateways",
            defaultValue = "1",
            description = "Gateways, each at a port of its own (default: ${DEFAULT-VALUE}).")
    private int gateways;

    @Option(
            names = "--port",
            defaultValue = "8080",
            description = "Port of the first gateway; others have the ports after it (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(
            names = "--kv-memory",
            defaultValue = "256",
            description = "MiB of KV cache of each worker (default: ${DEFAULT-VALUE}).")
    private int kvMebibytes;

    @Option(
            names = "--threads",
            defaultValue = "0",
            description = "Compute threads of each worker (default: the cores shared out).")
    private int threads;

    @Option(
            names = "--weights",
            description = "What every worker rounds weights to: stored, int8, w8a8, bf16, int4 (default: stored).")
    private @Nullable Weights weights;

    @Option(names = "--gateway-setting", description = "A further setting of the gateway, name=value. May be repeated.")
    private List<String> gatewaySettings = List.of();

    @Option(names = "--worker-setting", description = "A further setting of every worker, name=value. May be repeated.")
    private List<String> workerSettings = List.of();

    @Option(names = "--detach", description = "Runs the stack in the background and returns when it serves.")
    private boolean detach;

    /** The values of {@code baton.engine.weights}. */
    enum Weights {
        STORED,
        INT8,
        W8A8,
        BF16,
        INT4
    }

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        if (detach) {
            new ProcessRecord(Installation.state()).refuseIfUp();
            List<String> arguments = new ArrayList<>(
                    spec.commandLine().getParent().getParseResult().originalArgs());
            arguments.remove("--detach");
            DetachedUp.start(arguments, READY, line -> say(out, line));
            return;
        }
        Path folder = model == null
                ? Installation.home().resolve("models/demo").toAbsolutePath().normalize()
                : ModelSource.find(model, new FetchLines(out));
        StackPlan plan = new StackPlan(
                folder,
                prefill,
                decode,
                gateways,
                port,
                kvMebibytes,
                threads,
                arguments(gatewaySettings),
                arguments(workerSettings()));
        long started = System.nanoTime();
        say(
                out,
                "Starting Baton: %d prefill and %d decode workers, %d thread%s each, model %s"
                        .formatted(
                                prefill,
                                decode,
                                plan.threadsEach(),
                                plan.threadsEach() == 1 ? "" : "s",
                                plan.modelName()));
        try (LocalStack stack = LocalStack.start(StackEnvironment.own(), plan, line -> say(out, line))) {
            say(out, welcome(stack, (System.nanoTime() - started) / 1e9));
            stack.watch();
        }
    }

    private List<String> workerSettings() {
        List<String> settings = new ArrayList<>(workerSettings);
        if (weights != null) {
            settings.addFirst("baton.engine.weights=" + weights);
        }
        return settings;
    }

    private static List<String> arguments(List<String> settings) {
        return settings.stream().map(setting -> "--" + setting).toList();
    }

    private static void say(PrintWriter out, String line) {
        synchronized (out) {
            out.println(line);
            out.flush();
        }
    }

    private static String welcome(LocalStack stack, double seconds) {
        return """

            %s %.1f s: %s

              curl -N %s/v1/chat/completions -H 'Content-Type: application/json' \\
                -d '{"model":"%s","stream":true,"messages":[{"role":"user","content":"Tell me a story."}]}'

              ./baton chat        talk to it
              ./baton status      what runs, and whether it serves
              ./baton logs PART   the end of a part's log (-f: as it grows)
              ./baton down        stops everything (so does Ctrl-C here)
            """.formatted(
                        READY,
                        seconds,
                        stack.urls().stream().map(URI::toString).collect(Collectors.joining(" ")),
                        stack.url(),
                        stack.modelName());
    }
}
