package dev.baton.cli.bench;

import dev.baton.cli.client.GatewayClient;
import dev.baton.cli.host.CliException;
import dev.baton.cli.host.Installation;
import dev.baton.cli.host.Signals;
import dev.baton.cli.up.LocalStack;
import dev.baton.cli.up.StackEnvironment;
import dev.baton.cli.up.StackPlan;
import dev.baton.transfer.pool.SharedPool;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code baton bench flips}: bits are turned over in the cached blocks of all pools before each request, and at the end in
 * the pool of a decode worker that dies under streams. No answer may differ, and what was read must have been counted.
 */
@Command(
        name = "flips",
        mixinStandardHelpOptions = true,
        description = "Flips bits in cached KV and in a dead worker's pool: wrong answers, and what the digests found.")
final class FlipsCommand implements Runnable {
    private static final int PROMPTS = 20;
    private static final int PROMPT_WORDS = 220;
    private static final int ANSWER_TOKENS = 24;
    private static final int STREAM_TOKENS = 300;
    private static final int KILL_AFTER = 60;
    private static final int KV_MEBIBYTES = 64;
    private static final int LIMIT_SECONDS = 120;
    private static final String DROPPED = "baton_kv_blocks_dropped_total";

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Option(
            names = "--requests",
            defaultValue = "1000",
            description = "Requests with flips (default: ${DEFAULT-VALUE}).")
    private int requests;

    @Option(
            names = "--streams",
            defaultValue = "32",
            description = "Of these, streams whose worker dies at the end (default: ${DEFAULT-VALUE}).")
    private int streams;

    @Option(names = "--seed", defaultValue = "1", description = "Of prompts and flips (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Mixin
    private final OwnStack own = new OwnStack();

    /** What came of it so far. */
    private static final class Tally {
        private int asked;
        private int wrong;
        private int struckHits;
        private int uncounted;
        private long flipped;
    }

    @Override
    public void run() {
        Arguments.positive("--requests", requests);
        Arguments.positive("--streams", streams);
        PrintWriter out = spec.commandLine().getOut();
        StackEnvironment environment = StackEnvironment.bench();
        Path pools = poolFolder(environment);
        StackPlan plan = new StackPlan(
                Installation.home().resolve("models/demo"),
                1,
                2,
                own.port(),
                KV_MEBIBYTES,
                1,
                List.of("--baton.dispatch.mode=SPLIT"),
                List.of("--" + SharedPool.FOLDER_SETTING + "=" + pools));
        out.println("Starting 1 prefill and 2 decode workers, 1 thread each");
        out.flush();
        Tally tally = new Tally();
        try (LocalStack stack = LocalStack.start(environment, plan, line -> {});
                GatewayClient gateway = new GatewayClient(stack.url(), null)) {
            StackCounters counters = new StackCounters(stack);
            PoolFlips flips = PoolFlips.of(pools, plan.model(), counters.blocks("decode-0"));
            RandomGenerator random =
                    RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
            flipCached(gateway, stack.modelName(), counters, flips, random, tally, new ProgressBar(out));
            double inCache = counters.sum("", DROPPED, "where=\"cache\"");
            flipOrphan(gateway, stack, flips, random, tally);
            double inPool = counters.sum("", DROPPED, "where=\"pool\"");
            print(out, tally, inCache, inPool);
        }
    }

    /**
     * One request after another; all blocks, then a third of them, are flipped before each. The counters are read after each
     * round of prompts: reading them takes longer than an answer.
     */
    private void flipCached(
            GatewayClient gateway,
            String model,
            StackCounters counters,
            PoolFlips flips,
            RandomGenerator random,
            Tally tally,
            ProgressBar bar) {
        Prompts prompts = new Prompts(seed);
        List<ObjectNode> chats = new ArrayList<>();
        List<TimedStream> alone = new ArrayList<>();
        for (int i = 0; i < PROMPTS; i++) {
            chats.add(Load.greedy(model, prompts.text(PROMPT_WORDS), ANSWER_TOKENS));
            ask(gateway, chats.get(i));
            alone.add(ask(gateway, chats.get(i)));
        }
        int count = requests - streams;
        int struckInRound = 0;
        double dropped = counters.sum("", DROPPED, "");
        for (int i = 0; i < count; i++) {
            int which = i % PROMPTS;
            tally.flipped += flips.flip(random, i / PROMPTS % 2 == 0 ? 1 : 0.33);
            TimedStream answer = ask(gateway, chats.get(which));
            tally.asked++;
            if (!answer.sameText(alone.get(which))) {
                tally.wrong++;
            }
            if (answer.cached() < alone.get(which).cached()) {
                struckInRound++;
            }
            if (which == PROMPTS - 1 || i == count - 1) {
                double now = counters.sum("", DROPPED, "");
                tally.struckHits += struckInRound;
                tally.uncounted += (int) Math.max(0, struckInRound - (now - dropped));
                dropped = now;
                struckInRound = 0;
            }
            bar.show(
                    (i + 1) / (double) count,
                    "%d asked, %d hits struck, %d wrong".formatted(tally.asked, tally.struckHits, tally.wrong));
        }
        bar.done(null);
    }

    /** Streams at once; a decode worker is frozen, its pool flipped, and then it dies. */
    private void flipOrphan(
            GatewayClient gateway, LocalStack stack, PoolFlips flips, RandomGenerator random, Tally tally) {
        List<TimedStream> alone = together(gateway, stack.modelName(), new CountDownLatch(0));
        CountDownLatch underWay = new CountDownLatch((streams + 1) / 2);
        Thread killer = Thread.ofVirtual().start(() -> {
            try {
                if (underWay.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                    Signals.send("STOP", stack.process("decode-0"));
                    tally.flipped += flips.flipOf("decode-0", random);
                    stack.kill("decode-0");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        List<TimedStream> struck = together(gateway, stack.modelName(), underWay);
        try {
            killer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
        for (int i = 0; i < streams; i++) {
            tally.asked++;
            if (struck.get(i).failure() != null || !struck.get(i).sameText(alone.get(i))) {
                tally.wrong++;
            }
        }
        if (struck.stream().noneMatch(TimedStream::struck)) {
            throw new CliException("fault not applied: no stream was on the worker that died");
        }
    }

    private List<TimedStream> together(GatewayClient gateway, String model, CountDownLatch underWay) {
        Prompts prompts = new Prompts(seed + 1);
        List<TimedStream> answers = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < streams; i++) {
                TimedStream answer = new TimedStream(KILL_AFTER, underWay);
                answers.add(answer);
                ObjectNode chat = Load.greedy(model, prompts.text(PROMPT_WORDS / 4), STREAM_TOKENS);
                threads.execute(() -> answer.ask(gateway, chat));
            }
        }
        return answers;
    }

    private static TimedStream ask(GatewayClient gateway, ObjectNode chat) {
        TimedStream answer = new TimedStream();
        answer.ask(gateway, chat.deepCopy());
        if (answer.failure() != null) {
            throw new CliException(answer.failure());
        }
        return answer;
    }

    private void print(PrintWriter out, Tally tally, double inCache, double inPool) {
        out.printf(
                "%d requests, %d blocks flipped: %d with another text; %d hits struck, %d of them not counted;"
                        + " dropped %.0f cached blocks, %.0f times rows of a pool.%n",
                tally.asked, tally.flipped, tally.wrong, tally.struckHits, tally.uncounted, inCache, inPool);
        out.flush();
        ObjectNode root = JsonMapper.shared().createObjectNode();
        root.put("requests", tally.asked).put("flipped", tally.flipped).put("wrong", tally.wrong);
        root.put("struck_hits", tally.struckHits).put("not_counted", tally.uncounted);
        root.put("dropped_in_cache", inCache).put("dropped_in_pool", inPool);
        own.write(root.toPrettyString());
        if (tally.struckHits == 0 || inPool == 0) {
            throw new CliException("fault not applied: no flipped block was read");
        }
        if (tally.wrong + tally.uncounted > 0) {
            throw new CliException("an answer was wrong, or a flipped block was read without being counted");
        }
    }

    /** Of this bench alone, in its state folder: what a run that was killed left there goes at the start of the next. */
    private static Path poolFolder(StackEnvironment environment) {
        try {
            return Files.createDirectories(environment.state().resolve("pools"));
        } catch (IOException e) {
            throw new CliException("cannot make the folder of the pools: " + e.getMessage(), e);
        }
    }
}
