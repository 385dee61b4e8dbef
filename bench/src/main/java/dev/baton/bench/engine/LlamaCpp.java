package dev.baton.bench.engine;

import dev.baton.bench.engine.Cell.Kind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** llama.cpp through its own benches. Its decode of one sequence draws tokens at random, without looking at logits. */
record LlamaCpp(RivalsFolder folder) implements ExternalProgram {
    /** Above this the run that warms up would cost as much as it is worth. */
    private static final int WARMED_PROMPT = 1024;

    @Override
    public String name() {
        return "llama.cpp";
    }

    @Override
    public Path executable() {
        return folder.llama("llama-bench");
    }

    @Override
    public List<Child> starts(BenchRun heat) {
        List<String> common = List.of(
                "-m",
                folder.gguf(heat.shape(), heat.weights().llama).toString(),
                "-t",
                Integer.toString(heat.threads()),
                "-fa",
                "on");
        List<Child> starts = new ArrayList<>();
        prompts(heat, false).ifPresent(list -> starts.add(bench(common, "-p", list, "-n", "0", "-r", "1")));
        for (Cell cell : heat.cells()) {
            if (cell.kind() == Kind.DECODE && cell.size() == 1) {
                starts.add(bench(common, "-p", "0", "-n", "" + Cell.STEPS, "-d", "" + Cell.CONTEXT, "-r", "1"));
            } else if (cell.kind() == Kind.DECODE) {
                starts.add(start(
                        folder.llama("llama-batched-bench"),
                        common,
                        "-npp",
                        "" + Cell.CONTEXT,
                        "-ntg",
                        "" + Cell.STEPS,
                        "-npl",
                        "" + cell.size(),
                        "-c",
                        "" + cell.size() * (Cell.CONTEXT + 64),
                        "--output-format",
                        "jsonl"));
            }
        }
        prompts(heat, true)
                .ifPresent(list -> starts.add(bench(common, "-p", list, "-n", "0", "-r", "1", "--no-warmup")));
        return starts;
    }

    private static Optional<String> prompts(BenchRun heat, boolean longOnes) {
        String list = heat.cells().stream()
                .filter(cell -> cell.kind() == Kind.PREFILL && cell.size() > WARMED_PROMPT == longOnes)
                .map(cell -> Integer.toString(cell.size()))
                .collect(Collectors.joining(","));
        return list.isEmpty() ? Optional.empty() : Optional.of(list);
    }

    private Child bench(List<String> common, String... more) {
        List<String> arguments = new ArrayList<>(List.of(more));
        arguments.addAll(List.of("-o", "jsonl"));
        return start(folder.llama("llama-bench"), common, arguments.toArray(String[]::new));
    }

    private static Child start(Path program, List<String> common, String... more) {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(common);
        command.addAll(List.of(more));
        return new Child(command, Map.of());
    }

    @Override
    public Optional<Rate> figure(JsonNode printed) {
        if (printed.has("speed_tg")) {
            return Optional.of(new Rate(
                    new Cell(Kind.DECODE, printed.path("pl").asInt()),
                    printed.path("speed_tg").asDouble()));
        }
        if (!printed.has("avg_ts")) {
            return Optional.empty();
        }
        Cell cell = printed.path("n_gen").asInt() > 0
                ? new Cell(Kind.DECODE, 1)
                : new Cell(Kind.PREFILL, printed.path("n_prompt").asInt());
        return Optional.of(new Rate(cell, printed.path("avg_ts").asDouble()));
    }
}
