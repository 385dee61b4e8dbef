package dev.baton.cli.chaos;

import dev.baton.cli.bench.Arguments;
import dev.baton.cli.bench.DurationText;
import dev.baton.cli.bench.OwnStack;
import dev.baton.cli.bench.PoolFlips;
import dev.baton.cli.bench.StackCounters;
import dev.baton.cli.chaos.faults.Equipment;
import dev.baton.cli.chaos.faults.FaultKind;
import dev.baton.cli.chaos.faults.Faults;
import dev.baton.cli.chaos.faults.Proof;
import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import dev.baton.cli.host.Installation;
import dev.baton.cli.up.LocalStack;
import dev.baton.cli.up.StackEnvironment;
import dev.baton.cli.up.StackPlan;
import dev.baton.transfer.pool.SharedPool;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/**
 * {@code baton chaos}: clients ask a stack of real processes while faults strike it by a seeded schedule. Every answer is
 * compared with the one that nothing disturbed; afterwards every pool must be where it was.
 */
@Command(
        name = "chaos",
        mixinStandardHelpOptions = true,
        description =
                "Faults on a stack of real processes under load: every answer is compared with its undisturbed one.",
        subcommands = ChaosSumCommand.class)
public final class ChaosCommand implements Runnable {
    private static final int CASES = 60;
    private static final int KV_MEBIBYTES = 32;
    /** More than a client waits for that leaves in the middle. */
    private static final int LEFT_TOKENS = 400;

    private static final List<String> WORKERS = List.of("prefill-0", "decode-0", "decode-1");
    private static final List<String> CLOCKED = List.of("decode-0", "gateway-1");

    /** What a dead gateway's streams have left ends after {@code baton.stream.keep-unacknowledged}, a minute, looked at every 15 s. */
    private static final Duration SETTLES_WITHIN = Duration.ofSeconds(90);

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Option(names = "--seed", defaultValue = "1", description = "Of chats and faults (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--duration",
            defaultValue = "3m",
            description = "Of the faults (default: ${DEFAULT-VALUE}).",
            converter = DurationText.class)
    private Duration duration = Duration.ofMinutes(3);

    @Option(names = "--clients", defaultValue = "12", description = "At once (default: ${DEFAULT-VALUE}).")
    private int clients;

    @Option(
            names = "--faults",
            split = ",",
            description = "Which (default: all), as in kill-decode,slow-redis; see docs/reliability.md.")
    private List<String> only = List.of();

    @Option(
            names = "--pairs",
            defaultValue = "0.2",
            description = "Share of steps with two faults at once (default: ${DEFAULT-VALUE}).")
    private double pairs;

    @Mixin
    private final OwnStack own = new OwnStack();

    @Override
    public void run() {
        Arguments.positive("--clients", clients);
        Arguments.positive("--duration", duration);
        if (!(pairs >= 0 && pairs <= 1)) {
            throw new CliException("--pairs takes 0 to 1, not " + pairs);
        }
        List<FaultKind> asked = kinds();
        PrintWriter out = spec.commandLine().getOut();
        StackEnvironment environment = StackEnvironment.bench();
        try (Equipment equipment = Equipment.set(environment.state(), WORKERS, CLOCKED, KV_MEBIBYTES, asked, seed)) {
            sayMissing(equipment, asked, out);
            say(out, "Starting 2 gateways, 1 prefill and 2 decode workers, 1 thread each");
            run(environment, plan(equipment), equipment, asked, out);
        }
    }

    /** One decode worker moves KV over TCP, the others through shared memory where both ends can. */
    private StackPlan plan(Equipment equipment) {
        Map<String, StackPlan.Part> parts = new LinkedHashMap<>(equipment.parts());
        parts.computeIfPresent(
                WORKERS.getLast(),
                (name, part) -> new StackPlan.Part(
                        Stream.concat(part.args().stream(), Stream.of("--baton.transfer.transport=TCP"))
                                .toList(),
                        part.environment()));
        return new StackPlan(
                Installation.home().resolve("models/demo"),
                1,
                2,
                2,
                own.port(),
                KV_MEBIBYTES,
                1,
                List.of(),
                List.of("--" + SharedPool.FOLDER_SETTING + "=" + equipment.pools()),
                parts);
    }

    /** What was asked for by name must be there; of all kinds, those that are not are named. */
    private void sayMissing(Equipment equipment, List<FaultKind> asked, PrintWriter out) {
        if (equipment.missing().size() == asked.size()
                || !only.isEmpty() && !equipment.missing().isEmpty()) {
            throw new CliException("cannot strike "
                    + equipment.missing().entrySet().stream()
                            .map(kind -> kind.getKey().label() + ", which " + kind.getValue())
                            .collect(Collectors.joining("; ")));
        }
        equipment.missing().forEach((kind, why) -> say(out, "Not available here: " + kind.label() + ", which " + why));
    }

    private void run(
            StackEnvironment environment, StackPlan plan, Equipment equipment, List<FaultKind> kinds, PrintWriter out) {
        try (LocalStack stack = LocalStack.start(environment, plan, line -> {});
                GatewayClient first = new GatewayClient(stack.urls().getFirst(), null);
                GatewayClient second = new GatewayClient(stack.urls().getLast(), null)) {
            Thread.ofPlatform().daemon().name("watch").start(stack::watch);
            ChaosReport report = strike(stack, plan.model(), equipment, List.of(first, second), kinds, out);
            ChaosTally tally = report.tally();
            say(out, tally.text());
            own.write(tally.json());
            if (report.broken()) {
                throw new CliException("a promise was broken: see above, and the logs in "
                        + environment.state().resolve("logs"));
            }
        }
    }

    private ChaosReport strike(
            LocalStack stack,
            Path model,
            Equipment equipment,
            List<GatewayClient> gateways,
            List<FaultKind> kinds,
            PrintWriter out) {
        GatewayClient gateway = gateways.getFirst();
        Cases cases = Cases.undisturbed(gateway, stack.modelName(), CASES, new Random(seed));
        say(out, CASES + " chats answered undisturbed; now faults for " + duration.toSeconds() + " s");
        ChaosLoad load = new ChaosLoad(gateways, cases, clients, seed);
        Faults faults = new Faults(
                stack,
                equipment,
                new Faults.Load(
                        gateway,
                        text -> Cases.chat(stack.modelName(), text, LEFT_TOKENS),
                        load,
                        model,
                        PoolFlips.layers(model)),
                seed);
        Strikes strikes = new Strikes(
                faults, new Schedule(seed, kinds, pairs), equipment.missing().keySet(), line -> say(out, "  " + line));
        try (load) {
            strikes.until(System.nanoTime() + duration.toNanos());
        }
        List<String> unsettled = unsettled(stack, new StackCounters(stack));
        return new ChaosReport(seed, load.answers(), strikes.all(), unsettled, equipment.missing());
    }

    private List<FaultKind> kinds() {
        if (only.isEmpty()) {
            return List.of(FaultKind.values());
        }
        List<FaultKind> kinds = new ArrayList<>();
        for (String name : only) {
            kinds.add(Arrays.stream(FaultKind.values())
                    .filter(kind -> kind.label().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new CliException("--faults knows no '" + name + "', only "
                            + Arrays.stream(FaultKind.values())
                                    .map(FaultKind::label)
                                    .collect(Collectors.joining(", ")))));
        }
        return kinds;
    }

    /** What is not as before within a minute: sequences that still run, blocks that nobody holds and that are not free. */
    private static List<String> unsettled(LocalStack stack, StackCounters counters) {
        List<String> workers = stack.pids().keySet().stream()
                .filter(part -> !part.startsWith("gateway"))
                .toList();
        List<String> wrong = new ArrayList<>();
        for (String worker : workers) {
            if (!Proof.within(SETTLES_WITHIN, () -> settled(counters.pool(worker)))) {
                wrong.add(worker + " " + counters.pool(worker));
            }
        }
        return wrong;
    }

    private static boolean settled(JsonNode pool) {
        return pool.path("running").asInt(-1) == 0
                && pool.path("queued").asInt(-1) == 0
                && pool.path("free").asInt(-1)
                        == pool.path("blocks").asInt() - pool.path("cached").asInt()
                && pool.path("integrity").asString("").equals("clean");
    }

    private static void say(PrintWriter out, String line) {
        out.println(line);
        out.flush();
    }
}
