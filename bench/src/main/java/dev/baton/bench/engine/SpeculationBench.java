package dev.baton.bench.engine;

import dev.baton.engine.Engine;
import dev.baton.engine.EngineClock;
import dev.baton.engine.EngineCommand.Admit;
import dev.baton.engine.EngineListener;
import dev.baton.engine.EngineSettings;
import dev.baton.engine.ModelEngine;
import dev.baton.engine.OpenModel;
import dev.baton.engine.SequenceListener;
import dev.baton.engine.draft.Speculation;
import dev.baton.engine.draft.Speculation.Mode;
import dev.baton.engine.schedule.Goal;
import dev.baton.kv.KvRegion;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.Models;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.tokenizer.ChatPrompt;
import dev.baton.tokenizer.ModelTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tokens per second with guesses and without: summaries and edits of fixed documents, each answered with every mode in turn.
 * Answers that go round in circles are left out, since a circle is guessed all too well. The tokens of all modes must agree.
 *
 * <pre>EngineBench --speculation --model FOLDER [--threads 2] [--batch 1] [--temperature 0] [--documents 50] [--weights bf16]</pre>
 */
final class SpeculationBench {
    private static final int TOKENS = 128;
    private static final int MOST_GUESSES = 7;
    private static final int LIMIT_SECONDS = 600;
    private static final List<String> TASKS = List.of(
            "Summarize this text in two sentences:\n\n",
            "Repeat this text word for word, but write all numbers as digits:\n\n",
            "Make a list of the facts in this text, in its own words:\n\n",
            "Correct the spelling of this text and change nothing else:\n\n",
            "Rewrite this text so that it is a little shorter:\n\n");

    private final PrintStream out;
    private final Map<String, String> options;

    SpeculationBench(PrintStream out, Map<String, String> options) {
        this.out = out;
        this.options = options;
    }

    /** One answer. */
    private record Answer(List<Integer> tokens, long nanos) {
        double rate() {
            return (tokens.size() - 1) * 1e9 / nanos;
        }
    }

    /** Counts guesses of all steps. Read when the engine rests. */
    private static final class Counts implements EngineListener {
        private volatile long guesses;
        private volatile long accepted;

        @Override
        public void stepEnded(StepReport report) {
            guesses += report.guesses();
            accepted += report.accepted();
        }
    }

    void run() throws IOException {
        String folder = options.get("--model");
        if (folder == null || folder.isBlank()) {
            throw new IllegalArgumentException("--speculation needs --model FOLDER, of a chat model");
        }
        int threads = Options.number("--threads", options.getOrDefault("--threads", "2"), 256);
        int batch = Options.number("--batch", options.getOrDefault("--batch", "1"), 64);
        int documents = Options.number("--documents", options.getOrDefault("--documents", "50"), 50);
        float temperature = Float.parseFloat(options.getOrDefault("--temperature", "0"));
        WeightFormat weights = WeightFormat.parse(options.getOrDefault("--weights", "bf16"));
        Path path = Path.of(folder);
        List<int[]> prompts;
        try (ModelTokenizer tokenizer = ModelTokenizer.open(path)) {
            prompts = prompts(tokenizer).subList(0, documents);
        }
        try (OpenModel model = Models.open(weights.settings(path, DtypeChoice.BF16, threads), (done, of) -> {})) {
            Map<Mode, List<List<Answer>>> answers = new EnumMap<>(Mode.class);
            Map<Mode, Counts> counts = new EnumMap<>(Mode.class);
            Map<Mode, Engine> engines = new EnumMap<>(Mode.class);
            try (Arena arena = Arena.ofShared()) {
                try {
                    for (Mode mode : Mode.values()) {
                        answers.put(mode, new ArrayList<>());
                        Counts counted = new Counts();
                        counts.put(mode, counted);
                        engines.put(mode, engine(model, arena, new Speculation(mode, MOST_GUESSES), batch, counted));
                    }
                    for (Engine engine : engines.values()) {
                        ask(engine, prompts.subList(0, 1), temperature, "warm");
                    }
                    for (int at = 0; at + batch <= prompts.size(); at += batch) {
                        List<Mode> order = new ArrayList<>(List.of(Mode.values()));
                        Collections.rotate(order, at / batch);
                        for (Mode mode : order) {
                            List<Answer> got = ask(
                                    Objects.requireNonNull(engines.get(mode)),
                                    prompts.subList(at, at + batch),
                                    temperature,
                                    "d" + at);
                            Objects.requireNonNull(answers.get(mode)).add(got);
                        }
                        System.err.printf("%d of %d documents%n", at + batch, prompts.size());
                    }
                } finally {
                    engines.values().forEach(Engine::close);
                }
            }
            print(
                    answers,
                    counts,
                    "%s, %s, %d threads, batch %d, temperature %s"
                            .formatted(path.getFileName(), weights, threads, batch, temperature));
        }
    }

    private static List<int[]> prompts(ModelTokenizer tokenizer) throws IOException {
        List<int[]> prompts = new ArrayList<>();
        try (InputStream in = SpeculationBench.class.getResourceAsStream("documents.txt")) {
            if (in == null) {
                throw new IOException("documents.txt is not on the class path");
            }
            String[] texts = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .strip()
                    .split("\n\n");
            for (String text : texts) {
                for (String task : TASKS) {
                    prompts.add(tokenizer.encodeChat(
                            ChatPrompt.of(List.of(Map.of("role", "user", "content", task + text)))));
                }
            }
        }
        return prompts;
    }

    private static Engine engine(
            OpenModel model, Arena arena, Speculation speculation, int batch, EngineListener listener) {
        int blocks = 4 * batch * 16 + 64;
        return ModelEngine.start(
                new EngineSettings(
                        EngineSettings.Role.BOTH,
                        batch,
                        192 + batch,
                        4_096,
                        EngineSettings.Patience.DEFAULT,
                        speculation),
                model.bind(new KvRegion(
                        model.layout(blocks),
                        arena.allocate(model.layout(blocks).bytes(), 64))),
                listener,
                EngineClock.system());
    }

    /** Asks all at once; each answer's time runs from its first token to its last. */
    private static List<Answer> ask(Engine engine, List<int[]> prompts, float temperature, String id)
            throws IOException {
        List<Heard> heard = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            Heard one = new Heard();
            heard.add(one);
            Generation generation = Generation.newBuilder()
                    .setRequestId(id + "-" + i)
                    .setAttempt(Attempt.newBuilder().setNumber(1).setNonce(1))
                    .addAllPrompt(Arrays.stream(prompts.get(i)).boxed().toList())
                    .setSampling(
                            Sampling.newBuilder().setTemperature(temperature).setSeed(i))
                    .setStopping(Stopping.newBuilder().setMaxTokens(TOKENS))
                    .build();
            if (!engine.submit(new Admit(generation, Goal.PREFILL_AND_DECODE, one))) {
                throw new IOException("the engine takes no more");
            }
        }
        List<Answer> answers = new ArrayList<>();
        for (Heard one : heard) {
            answers.add(one.answer());
        }
        return answers;
    }

    private static final class Heard implements SequenceListener {
        private final List<Integer> tokens = new ArrayList<>();
        private final CountDownLatch ended = new CountDownLatch(1);
        private long first;
        private long last;
        private @Nullable Failure failure;

        @Override
        public void token(int index, int token, @Nullable TokenLogprob logprob) {
            last = System.nanoTime();
            if (tokens.isEmpty()) {
                first = last;
            }
            tokens.add(token);
        }

        @Override
        public void finished(Finish.Reason reason) {
            ended.countDown();
        }

        @Override
        public void failed(Failure why) {
            failure = why;
            ended.countDown();
        }

        Answer answer() throws IOException {
            try {
                if (!ended.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                    throw new IOException("no answer within " + LIMIT_SECONDS + " s");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
            if (failure != null) {
                throw new IOException("the engine failed: " + failure.getMessage());
            }
            return new Answer(tokens, Math.max(1, last - first));
        }
    }

    private void print(Map<Mode, List<List<Answer>>> answers, Map<Mode, Counts> counts, String what) {
        List<List<Answer>> off = answers.getOrDefault(Mode.OFF, List.of());
        int differ = 0;
        int circles = 0;
        int used = 0;
        Map<Mode, long[]> sums = new EnumMap<>(Mode.class);
        Map<Mode, List<Double>> ratios = new EnumMap<>(Mode.class);
        for (int round = 0; round < off.size(); round++) {
            for (int i = 0; i < off.get(round).size(); i++) {
                Answer plain = off.get(round).get(i);
                for (Mode mode : Mode.values()) {
                    Answer one = answers.getOrDefault(mode, off).get(round).get(i);
                    differ += one.tokens().equals(plain.tokens()) ? 0 : 1;
                }
                boolean circle = goesInCircles(plain.tokens());
                circles += circle ? 1 : 0;
                if (circle || plain.tokens().size() < 16) {
                    continue;
                }
                used++;
                for (Mode mode : Mode.values()) {
                    Answer one = answers.getOrDefault(mode, off).get(round).get(i);
                    long[] sum = sums.computeIfAbsent(mode, key -> new long[2]);
                    sum[0] += one.tokens().size() - 1;
                    sum[1] += one.nanos();
                    ratios.computeIfAbsent(mode, key -> new ArrayList<>()).add(one.rate() / plain.rate());
                }
            }
        }
        out.printf("%s: %d answers, %d in circles left out, %d differ%n%n", what, used, circles, differ);
        out.printf("| guesses | tok/s of a sequence | over off | median | 10 %% | least | accepted (circles too) |%n");
        out.printf("|---------|--------------------:|---------:|-------:|-----:|------:|-----------------------:|%n");
        double base = rate(sums.getOrDefault(Mode.OFF, new long[] {0, 1}));
        for (Mode mode : Mode.values()) {
            double[] each = ratios.getOrDefault(mode, List.of(1.0)).stream()
                    .mapToDouble(Double::doubleValue)
                    .sorted()
                    .toArray();
            double rate = rate(sums.getOrDefault(mode, new long[] {0, 1}));
            Counts counted = counts.getOrDefault(mode, new Counts());
            out.printf(
                    Locale.ROOT,
                    "| %-7s | %19.1f | %8.2f | %6.2f | %4.2f | %5.2f | %10d of %8d |%n",
                    mode.name().toLowerCase(Locale.ROOT),
                    rate,
                    rate / base,
                    each[each.length / 2],
                    each[each.length / 10],
                    each[0],
                    counted.accepted,
                    counted.guesses);
        }
        out.println();
        out.println(HostDescription.describe());
        if (differ > 0) {
            throw new IllegalStateException(differ + " answers differ with guesses");
        }
    }

    private static double rate(long... tokensAndNanos) {
        return tokensAndNanos[0] * 1e9 / tokensAndNanos[1];
    }

    /** Its end is one phrase three times over. */
    static boolean goesInCircles(List<Integer> tokens) {
        int size = tokens.size();
        for (int period = 1; period <= 32 && 3 * period <= size; period++) {
            int same = 0;
            while (same + period < size && tokens.get(size - 1 - same).equals(tokens.get(size - 1 - same - period))) {
                same++;
            }
            if (same >= Math.max(2 * period, 12)) {
                return true;
            }
        }
        return false;
    }
}
