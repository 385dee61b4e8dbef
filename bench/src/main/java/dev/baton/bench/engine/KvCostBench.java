package dev.baton.bench.engine;

import dev.baton.bench.engine.Results.Spread;
import dev.baton.bench.engine.SwitchedLedger.Nanos;
import dev.baton.bench.engine.SwitchedLedger.Parts;
import dev.baton.engine.Device;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineClock;
import dev.baton.engine.EngineCommand.Admit;
import dev.baton.engine.EngineListener;
import dev.baton.engine.EngineSettings;
import dev.baton.engine.ModelEngine;
import dev.baton.engine.OpenModel;
import dev.baton.engine.PoolMemory;
import dev.baton.engine.SequenceListener;
import dev.baton.engine.schedule.Goal;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.Models;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.transfer.pool.PoolIdentity;
import dev.baton.transfer.pool.SharedPool;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * What records, digests and checks of prefix hits cost while nothing fails: an engine over a pool file answers the same kind of
 * requests with all of them, with none, and with each left out, in turn in each round. Half of a prompt is a prefix that is in
 * the cache. The model runs on the engine's thread alone, whose time on a processor is what counts, not that of neighbours.
 *
 * <pre>EngineBench --kv-cost [--models models/demo,…] [--batches 1,8,32] [--rounds 5]</pre>
 */
final class KvCostBench {
    private static final int PREFIX = 128;
    private static final int PROMPT = 160;
    private static final int ANSWER = 96;
    /** At least so many answers make one run: after one another where the batch is smaller. */
    private static final int ANSWERS = 32;

    private static final long PATIENCE_SECONDS = 600;

    private final PrintStream out;
    private final Path home;
    private final Map<String, String> options;
    private final int rounds;

    KvCostBench(PrintStream out, Path home, Map<String, String> options) {
        this.out = out;
        this.home = home;
        this.options = options;
        rounds = Options.number("--rounds", options.getOrDefault("--rounds", "5"), 1000);
    }

    /** Time of the engine's thread for so many tokens of answers, and what of it was spent on the parts. */
    private record Run(int tokens, Nanos spent, long nanos) {
        double tokensPerSecond() {
            return tokens / (nanos / 1e9);
        }
    }

    void run() throws IOException {
        List<List<String>> table = new ArrayList<>();
        table.add(List.of(
                "model",
                "batch",
                "tok/s with none of them",
                "with all, of that",
                "no records",
                "no digests",
                "no hit checks",
                "records, % of the time",
                "names, %",
                "hit checks, %",
                "records, µs a token"));
        for (String model : options.getOrDefault("--models", "models/demo").split(",", -1)) {
            Path folder = home.resolve(model);
            ModelSettings settings = WeightFormat.BF16.settings(folder, DtypeChoice.BF16, 1);
            try (OpenModel open = Models.open(settings, Device.CPU, (done, of) -> {})) {
                for (String batch : options.getOrDefault("--batches", "1,8,32").split(",", -1)) {
                    int sequences = Options.number("--batches", batch, 1024);
                    System.err.printf(Locale.ROOT, "%s: batch %d%n", settings.name(), sequences);
                    table.add(measure(open, settings.name(), sequences));
                }
            }
        }
        out.print(ResultTable.aligned(table));
        out.println();
        out.println(HostDescription.describe());
        out.printf(
                Locale.ROOT,
                "- one thread, its time on a processor; %d rounds; prompts of %d tokens, of which %d are cached;"
                        + " answers of %d%n",
                rounds,
                PROMPT,
                PREFIX,
                ANSWER);
    }

    private List<String> measure(OpenModel model, String name, int batch) throws IOException {
        int blockTokens = model.layout(1).blockTokens();
        int blocks = 3 * (batch + 1) * Math.ceilDiv(PROMPT + ANSWER, blockTokens);
        PoolIdentity identity = new PoolIdentity(
                "bench-" + ProcessHandle.current().pid(),
                1,
                model.shape(blocks).fingerprint(),
                model.shape(blocks).arithmetic(),
                model.layout(blocks));
        Map<Parts, List<Run>> runs = new EnumMap<>(Parts.class);
        try (SharedPool pool = SharedPool.create(SharedPool.defaultFolder(), identity)) {
            SwitchedLedger ledger = new SwitchedLedger(pool.ledger(), pool.ledgerWithoutDigests());
            Requests requests = new Requests(model.shape(1).vocab());
            try (Engine engine = ModelEngine.start(
                    new EngineSettings(
                            EngineSettings.Role.BOTH, batch, batch + 192, 4_096, EngineSettings.Patience.DEFAULT),
                    model.bind(pool.region()),
                    requests,
                    EngineClock.system(),
                    new PoolMemory(ledger, true, pool.adopted()))) {
                for (Parts parts : Parts.values()) {
                    requests.run(engine, ledger, parts, batch); // the first caches the prefix with its digests
                }
                for (int round = 0; round < rounds; round++) {
                    List<Parts> order = new ArrayList<>(List.of(Parts.values()));
                    Collections.rotate(order, round);
                    for (Parts parts : order) {
                        runs.computeIfAbsent(parts, key -> new ArrayList<>())
                                .add(requests.run(engine, ledger, parts, batch));
                    }
                }
            }
        }
        return row(name, batch, runs);
    }

    private static List<String> row(String name, int batch, Map<Parts, List<Run>> runs) {
        List<Run> none = runs.getOrDefault(Parts.NONE, List.of());
        List<Run> all = runs.getOrDefault(Parts.ALL, List.of());
        List<String> row = new ArrayList<>(List.of(
                name,
                Integer.toString(batch),
                new Spread(none.stream().mapToDouble(Run::tokensPerSecond).toArray()).toString()));
        for (Parts parts : List.of(Parts.ALL, Parts.NO_RECORDS, Parts.NO_DIGESTS, Parts.NO_HIT_CHECKS)) {
            double[] ratios = new double[none.size()];
            List<Run> theirs = runs.getOrDefault(parts, List.of());
            Arrays.setAll(
                    ratios, i -> theirs.get(i).tokensPerSecond() / none.get(i).tokensPerSecond());
            row.add(quartiles(ratios));
        }
        row.add(percent(all, Nanos::records));
        row.add(percent(all, Nanos::names));
        row.add(percent(all, Nanos::hitChecks));
        row.add(String.format(
                Locale.ROOT,
                "%.1f",
                all.stream()
                        .mapToDouble(run -> run.spent().records() / 1e3 / run.tokens())
                        .average()
                        .orElse(0)));
        return row;
    }

    private static String percent(List<Run> runs, ToLongFunction<Nanos> part) {
        double[] shares = runs.stream()
                .mapToDouble(run -> 100.0 * part.applyAsLong(run.spent()) / run.nanos())
                .sorted()
                .toArray();
        return String.format(Locale.ROOT, "%.2f", shares[shares.length / 2]);
    }

    private static String quartiles(double[] ratios) {
        double[] sorted = ratios.clone();
        Arrays.sort(sorted);
        int last = sorted.length - 1;
        return String.format(
                Locale.ROOT, "%.3f (%.3f–%.3f)", sorted[sorted.length / 2], sorted[last / 4], sorted[last - last / 4]);
    }

    /** Sends batches of requests and waits for their ends. */
    private static final class Requests implements EngineListener {
        private final Random random = new Random(11);
        private final int vocab;
        private final List<Integer> prefix;
        private final AtomicReference<@Nullable String> wrong = new AtomicReference<>();
        private int sent;
        private int unfinished;
        private long cpuNanos;
        private CountDownLatch over = new CountDownLatch(0);

        Requests(int vocab) {
            this.vocab = vocab;
            this.prefix = tokens(PREFIX);
        }

        private List<Integer> tokens(int count) {
            return random.ints(count, Math.min(300, vocab / 2), vocab).boxed().toList();
        }

        @Override
        public void stepEnded(StepReport report) {
            if (unfinished == 0) {
                cpuNanos = SwitchedLedger.cpuNanos();
                over.countDown();
            }
        }

        @Override
        public void dropped(int blocks) {
            wrong.set(blocks + " blocks did not have their digests");
        }

        @Override
        public void died(Throwable cause) {
            wrong.set("the engine died: " + cause);
        }

        Run run(Engine engine, SwitchedLedger ledger, Parts parts, int batch) {
            ledger.use(parts);
            long before = cpuNanos;
            int waves = Math.ceilDiv(ANSWERS, batch);
            for (int wave = 0; wave < waves; wave++) {
                answer(engine, batch);
            }
            return new Run(waves * batch * ANSWER, ledger.nanos(), cpuNanos - before);
        }

        private void answer(Engine engine, int batch) {
            List<Admit> admits = new ArrayList<>(batch);
            for (int i = 0; i < batch; i++) {
                admits.add(new Admit(generation(), Goal.PREFILL_AND_DECODE, listener()));
            }
            unfinished = batch;
            over = new CountDownLatch(1);
            admits.forEach(engine::submit);
            try {
                if (!over.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    wrong.set("no answers within %d s".formatted(PATIENCE_SECONDS));
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                wrong.set("interrupted");
            }
            String reason = wrong.get();
            if (reason != null) {
                throw new IllegalStateException(reason);
            }
        }

        private Generation generation() {
            return Generation.newBuilder()
                    .setRequestId("bench-" + sent++)
                    .setAttempt(Attempt.newBuilder().setNumber(1).setNonce(1))
                    .addAllPrompt(prefix)
                    .addAllPrompt(tokens(PROMPT - PREFIX))
                    .setStopping(Stopping.newBuilder().setMaxTokens(ANSWER))
                    .build();
        }

        private SequenceListener listener() {
            return new SequenceListener() {
                @Override
                public void token(int index, int token, @Nullable TokenLogprob logprob) {}

                @Override
                public void finished(Finish.Reason reason) {
                    unfinished--;
                }

                @Override
                public void failed(Failure failure) {
                    wrong.set(failure.getMessage());
                    unfinished--;
                }
            };
        }
    }
}
