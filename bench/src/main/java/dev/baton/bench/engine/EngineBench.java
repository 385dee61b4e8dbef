package dev.baton.bench.engine;

import dev.baton.bench.engine.Options.Flag;
import dev.baton.bench.engine.Results.Figure;
import dev.baton.engine.Device;
import dev.baton.engine.OpenModel;
import dev.baton.kernel.RooflineProbe;
import dev.baton.model.Models;
import dev.baton.model.UnusableDeviceException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decode and prefill rates of the bare model, of the rivals and of the machine: in each round all take their turn, so that
 * a neighbour's noise falls on all of them. Progress goes to standard error, the table to standard output.
 */
public final class EngineBench {
    private final Options options;
    private final RivalsFolder rivals;
    private final Results results = new Results();
    private final Set<String> notes = new LinkedHashSet<>();

    private EngineBench(Options options, RivalsFolder rivals) {
        this.options = options;
        this.rivals = rivals;
    }

    /** Ends with 0, with 1 when {@code --exact} found a bit that differs, with 2 when the options make no sense. */
    static void main(String... arguments) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        int status;
        try {
            if (List.of(arguments).contains("--perplexity")) {
                Perplexity.run(out, pairs(arguments));
                return;
            }
            if (List.of(arguments).contains("--sampling")) {
                new SamplingBench(out, pairs(arguments)).run();
                return;
            }
            if (List.of(arguments).contains("--speculation")) {
                new SpeculationBench(out, pairs(arguments)).run();
                return;
            }
            if (List.of(arguments).contains("--rule")) {
                new RuleBench(out, pairs(arguments)).run();
                return;
            }
            if (List.of(arguments).contains("--attention")) {
                new AttentionBench(out, pairs(arguments)).run();
                return;
            }
            if (List.of(arguments).contains("--kv-cost")) {
                new KvCostBench(out, home(), pairs(arguments)).run();
                return;
            }
            Options options = Options.parse(arguments);
            RivalsFolder rivals =
                    RivalsFolder.find(options.rivals(), Optional.ofNullable(System.getenv("BATON_RIVALS")), home());
            if (options.has(Flag.HELP)) {
                out.print(Options.HELP);
                status = 0;
            } else if (options.has(Flag.EXACT)) {
                status = new ExactBench(options, rivals, out).run() ? 0 : 1;
            } else {
                new EngineBench(options, rivals).run(out);
                status = 0;
            }
        } catch (IllegalArgumentException | UnusableDeviceException e) {
            System.err.println("baton bench engine: " + e.getMessage());
            status = 2;
        }
        System.exit(status);
    }

    private static Map<String, String> pairs(String... arguments) {
        Map<String, String> pairs = new HashMap<>();
        for (int i = 0; i < arguments.length; i++) {
            boolean alone = i + 1 == arguments.length || arguments[i + 1].startsWith("--");
            pairs.put(arguments[i], alone ? "" : arguments[++i]);
        }
        return pairs;
    }

    /** The folder with {@code models} and {@code tools}. */
    private static Path home() {
        String given = System.getProperty("baton.home");
        return given == null ? Path.of("").toAbsolutePath() : Path.of(given);
    }

    private void run(PrintStream out) throws IOException {
        notes.addAll(rivals.missing(options.device()));
        for (String shape : options.shapes()) {
            try (ShapeFolder folder = ShapeFolder.open(shape, rivals)) {
                for (WeightFormat weights : options.weights()) {
                    for (int threads : options.threads()) {
                        measure(
                                rivals.shared(shape, weights).orElse(folder.path),
                                new BenchRun(shape, weights, options.device(), threads, options.cells()));
                    }
                }
            }
        }
        out.print(ResultTable.of(results, "Baton"));
        out.println();
        out.println(HostDescription.describe());
        notes.forEach(note -> out.println("- " + note));
        if (options.has(Flag.JSON)) {
            ResultTable.json(results).forEach(out::println);
        }
    }

    private void measure(Path folder, BenchRun asked) throws IOException {
        progress(asked, "opening");
        try (OpenModel model = Models.open(
                asked.weights().settings(folder, options.dtype(), asked.threads()), asked.device(), (done, of) -> {})) {
            BenchRun heat = fitting(asked, model.shape(1).maxContext());
            notes.add("%s: %s; %d-token chunks; exact: %s"
                    .formatted(
                            heat.title(),
                            model.shape(1).numerics(),
                            options.chunk(),
                            model.shape(1).exact()));
            try (BatonEngine ours = new BatonEngine(model, heat, options.chunk());
                    RooflineProbe limits = new RooflineProbe(heat.threads())) {
                Ceiling ceiling = new Ceiling(limits, Dimensions.read(folder));
                List<EngineUnderTest> contenders = new ArrayList<>(List.of(ours));
                List<ExternalProgram> programs = rivals.programs(heat.device());
                if (rivals.checkpoint(heat.shape()).isPresent()) {
                    programs.forEach(program -> contenders.add(new ExternalEngine(program, options.limit())));
                } else if (!programs.isEmpty()) {
                    notes.add("%s: the rivals have no such checkpoint".formatted(heat.shape()));
                }
                for (int round = 1; round <= options.rounds(); round++) {
                    round(heat, contenders, ceiling, "round %d of %d".formatted(round, options.rounds()));
                }
            }
        }
    }

    /** Without the cells that the model's context cannot hold. */
    private BenchRun fitting(BenchRun heat, int context) {
        List<Cell> cells =
                heat.cells().stream().filter(cell -> cell.tokens() <= context).toList();
        if (cells.size() < heat.cells().size()) {
            notes.add("%s: its context of %d tokens is too short for some cells".formatted(heat.shape(), context));
        }
        return new BenchRun(heat.shape(), heat.weights(), heat.device(), heat.threads(), cells);
    }

    /** The limits of a rate: measured here for the CPU, not for a GPU. */
    private record Ceiling(RooflineProbe limits, Dimensions dimensions) {
        MachineLimits now() {
            return MachineLimits.measure(limits);
        }
    }

    private void round(BenchRun heat, List<EngineUnderTest> contenders, Ceiling ceiling, String which) {
        boolean bounded = heat.device() == Device.CPU;
        Optional<MachineLimits> best = bounded ? Optional.of(ceiling.now()) : Optional.empty();
        List<Figure> figures = new ArrayList<>();
        for (EngineUnderTest contender : contenders) {
            progress(heat, which + ": " + contender.name());
            EngineUnderTest.Outcome outcome = contender.measure(heat);
            outcome.rates()
                    .forEach((cell, rate) ->
                            figures.add(new Figure(heat.title(), cell.title(), contender.name(), rate)));
            notes.addAll(outcome.failures());
            best = best.map(limits -> limits.best(ceiling.now()));
        }
        best.ifPresent(limits -> readings(heat, limits));
        figures.forEach(results::add);
        best.ifPresent(limits -> {
            for (Cell cell : heat.cells()) {
                double limit = limits.tokensPerSecond(cell, ceiling.dimensions(), heat.weights());
                results.add(new Figure(heat.title(), cell.title(), Results.LIMIT, limit));
            }
        });
    }

    private void readings(BenchRun heat, MachineLimits best) {
        results.add(new Figure(heat.title(), "read, GB/s", Results.LIMIT, best.readBytes() / 1e9));
        results.add(new Figure(heat.title(), "f32 multiply-add, GFLOP/s", Results.LIMIT, best.flops() / 1e9));
        if (best.byteOps() > 0 && heat.weights() == WeightFormat.W8A8) {
            results.add(new Figure(heat.title(), "byte multiply-add, Gop/s", Results.LIMIT, best.byteOps() / 1e9));
        }
    }

    private static void progress(BenchRun heat, String what) {
        System.err.printf(Locale.ROOT, "%s: %s%n", heat.title(), what);
    }
}
