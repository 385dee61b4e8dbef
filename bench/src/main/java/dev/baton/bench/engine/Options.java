package dev.baton.bench.engine;

import dev.baton.engine.Device;
import dev.baton.engine.EngineSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Options of the command line.
 *
 * @param shapes names of shapes
 * @param chunk tokens of a prompt per pass of our engine
 * @param length tokens of the long prompt that {@code --exact} runs in every arrangement
 * @param limit of each start of a rival's program
 */
record Options(
        List<String> shapes,
        Device device,
        List<Integer> threads,
        List<WeightFormat> weights,
        List<Cell> cells,
        int rounds,
        int chunk,
        int length,
        DtypeChoice dtype,
        Optional<Path> rivals,
        Duration limit,
        Set<Flag> flags) {
    /** Options without a value. */
    enum Flag {
        EXACT,
        JSON,
        HELP
    }

    static final String HELP = """
        Usage: baton bench engine [options]
        Tokens per second of the engine alone, beside llama.cpp, OpenVINO and the machine's limits, round by round,
        on random weights; or, with --exact, whether every arrangement of the work makes the same bits.

          --shapes LIST     of demo, 135M, 1.1B, or the absolute path of a model folder or GGUF file
                                                               (135M,1.1B; with --exact demo,135M,1.1B)
          --device NAME     cpu, or cuda: the first GPU, beside transformers (cpu)
          --threads LIST    CPU threads                    (2; with --exact 1,2)
          --weights LIST    of bf16, int8, w8a8, int4      (bf16; int8 and w8a8 meet the rivals' q8_0, int4 their
                                                           q4_0: the same file, where they are there)
          --cells LIST      decodeN (N sequences from 512 tokens on), prefillN (a prompt of N tokens)
                                                           (decode1,decode8,prefill512,prefill4096)
          --rounds N        of all engines in turn         (3)
          --chunk N         tokens of a prompt that our engine computes in one pass
                                                           (a prefill worker's step: 512; with cuda 4096)
          --dtype TYPE      our KV: bf16 or f32            (bf16)
          --rivals DIR      what tools/rivals/setup.sh made (BATON_RIVALS, else .baton/rivals)
          --limit SECONDS   for each start of a rival      (300)
          --json            one JSON object per figure after the table
          --exact           compare the bits of KV and logits: one chunk, odd chunks, token by token, batches to 16,
                            after a prefix hit, a handoff, a preemption; ends with 1 if any bit differs
          --length N        tokens of the long prompt of --exact (600)
          --perplexity      how well models/demo foretells held-out text under each rounding of its weights
                            (--model FOLDER, --held-out FILE, --weights LIST of stored, int8, w8a8, int4, --threads N)
          --sampling        what drawing eight tokens costs beside a decode step (--shapes LIST, --threads N)
          --speculation     summaries and edits of fixed documents, with tokens guessed ahead and without (--model FOLDER
                            of a chat model, --batch N, --temperature T, --documents N, --weights W, --threads N)
          --rule            what the rule of equal bits costs: products and attention of layers beside libtorch's, which
                            sums in any order (--shapes LIST, --threads N, --rounds N)
          --kv-cost         what records, digests and hit checks cost while nothing fails, each also left out alone
                            (--models FOLDER,…; --batches 1,8,32; --rounds N)
          --attention       attention alone, steps and prompts at several lengths (--threads N, --rounds N)
          --help            this

        The rivals: docs/performance.md says how to get them.
        """;

    private static final Set<String> VALUES = Set.of(
            "--shapes",
            "--device",
            "--threads",
            "--weights",
            "--cells",
            "--rounds",
            "--chunk",
            "--dtype",
            "--rivals",
            "--limit",
            "--length");

    /** @throws IllegalArgumentException that names what is wrong */
    static Options parse(String... arguments) {
        Map<String, String> given = new LinkedHashMap<>();
        Set<Flag> flags = java.util.EnumSet.noneOf(Flag.class);
        for (int i = 0; i < arguments.length; i++) {
            String name = arguments[i];
            Optional<Flag> flag = Arrays.stream(Flag.values())
                    .filter(f -> name.equals("--" + f.name().toLowerCase(Locale.ROOT)))
                    .findFirst();
            if (flag.isPresent()) {
                flags.add(flag.get());
            } else if (!VALUES.contains(name)) {
                throw new IllegalArgumentException("unknown option %s; --help lists them".formatted(name));
            } else if (i + 1 == arguments.length) {
                throw new IllegalArgumentException("%s needs a value".formatted(name));
            } else {
                given.put(name, arguments[++i]);
            }
        }
        boolean exact = flags.contains(Flag.EXACT);
        Device device = device(given.getOrDefault("--device", "cpu"));
        if (exact && device != Device.CPU) {
            throw new IllegalArgumentException("--exact compares the kernels of the CPU: leave --device out");
        }
        return new Options(
                list(given.getOrDefault("--shapes", exact ? "demo,135M,1.1B" : "135M,1.1B"), Options::shape),
                device,
                list(
                        given.getOrDefault("--threads", exact ? "1,2" : device == Device.CPU ? "2" : "1"),
                        text -> number("--threads", text, 256)),
                list(given.getOrDefault("--weights", "bf16"), WeightFormat::parse),
                list(given.getOrDefault("--cells", "decode1,decode8,prefill512,prefill4096"), Cell::parse),
                number("--rounds", given.getOrDefault("--rounds", "3"), 1000),
                number(
                        "--chunk",
                        given.getOrDefault(
                                "--chunk",
                                Integer.toString(EngineSettings.prefill(device).stepTokens())),
                        1 << 20),
                number("--length", given.getOrDefault("--length", "600"), 1 << 20),
                dtype(given.getOrDefault("--dtype", "bf16")),
                Optional.ofNullable(given.get("--rivals")).map(Path::of),
                Duration.ofSeconds(number("--limit", given.getOrDefault("--limit", "300"), 86_400)),
                Set.copyOf(flags));
    }

    boolean has(Flag flag) {
        return flags.contains(flag);
    }

    private static <T> List<T> list(String text, Function<String, T> element) {
        return Arrays.stream(text.split(",")).map(String::strip).map(element).toList();
    }

    private static String shape(String name) {
        if (!ShapeFolder.NAMES.contains(name) && !ShapeFolder.isModel(name)) {
            throw new IllegalArgumentException(
                    "shape '%s': %s are known, and model folders and GGUF files by their absolute path"
                            .formatted(name, ShapeFolder.NAMES));
        }
        return name;
    }

    private static Device device(String name) {
        return switch (name) {
            case "cpu" -> Device.CPU;
            case "cuda" -> Device.CUDA;
            default -> throw new IllegalArgumentException("--device %s: cpu and cuda are known".formatted(name));
        };
    }

    private static DtypeChoice dtype(String name) {
        return switch (name) {
            case "bf16" -> DtypeChoice.BF16;
            case "f32" -> DtypeChoice.F32;
            default -> throw new IllegalArgumentException("--dtype %s: bf16 and f32 are known".formatted(name));
        };
    }

    static int number(String option, String text, int most) {
        if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > most) {
            throw new IllegalArgumentException("%s %s: a number from 1 to %d".formatted(option, text, most));
        }
        return Integer.parseInt(text);
    }
}
