package dev.baton.engine;

import dev.baton.engine.EngineCommand.Admit;
import dev.baton.engine.EngineCommand.Cancel;
import dev.baton.engine.EngineCommand.KvArrived;
import dev.baton.engine.EngineCommand.Release;
import dev.baton.engine.schedule.Goal;
import dev.baton.engine.simulated.SimulatedModel;
import dev.baton.engine.simulated.StepCost;
import dev.baton.kv.AdoptedBlocks;
import dev.baton.kv.BlockHash;
import dev.baton.kv.HostKvMemory;
import dev.baton.kv.KvRegion;
import dev.baton.kv.PrefixHasher;
import dev.baton.protocol.AttemptKey;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Stopping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** An engine loop without a thread, over the simulated model or a real one, in a time that only tests move. */
public final class Bench implements AutoCloseable {
    public static final int BLOCK = 4;
    public static final int VOCAB = 97;

    /** Held so that it stays configured. */
    private static final Logger QUIET = Logger.getLogger("dev.baton.engine");

    static {
        QUIET.setLevel(Level.OFF);
    }

    final Queue<EngineCommand> incoming = new ArrayDeque<>();
    public final List<BlockHash> cached = new ArrayList<>();
    public final List<BlockHash> evicted = new ArrayList<>();
    public final List<EngineListener.StepReport> reports = new ArrayList<>();
    public final KvRegion region;
    public final ModelRunner runner;
    final EngineLoop loop;
    public long millis = 1_000_000;
    int dropped;

    public Bench(EngineSettings.Role role, int blocks) {
        this(role, blocks, 8, UnaryOperator.identity());
    }

    /** Over a memory that remembers its blocks and whose hits are verified. */
    public Bench(EngineSettings.Role role, int blocks, RememberingLedger ledger) {
        this(
                toy(),
                settings(role, 8),
                blocks,
                UnaryOperator.identity(),
                new PoolMemory(ledger, true, AdoptedBlocks.NONE),
                null);
        ledger.over(new HostKvMemory(region));
    }

    /** A later life of an engine over the same bytes. */
    public Bench(Bench earlier, PoolMemory memory) {
        this(
                toy(),
                settings(EngineSettings.Role.BOTH, 8),
                earlier.region.layout().blocks(),
                UnaryOperator.identity(),
                memory,
                earlier.region);
    }

    public Bench(EngineSettings.Role role, int blocks, int maxSequences, UnaryOperator<ModelRunner> wrapping) {
        this(toy(), settings(role, maxSequences), blocks, wrapping);
    }

    public Bench(OpenModel model, EngineSettings settings, int blocks, UnaryOperator<ModelRunner> wrapping) {
        this(model, settings, blocks, wrapping, PoolMemory.NONE, null);
    }

    private static SimulatedModel toy() {
        return new SimulatedModel("toy", VOCAB, 256, Set.of(), 3, BLOCK, StepCost.NONE);
    }

    private static EngineSettings settings(EngineSettings.Role role, int maxSequences) {
        return new EngineSettings(role, maxSequences, maxSequences + 3 * BLOCK, 64, EngineSettings.Patience.DEFAULT);
    }

    Bench(
            OpenModel model,
            EngineSettings settings,
            int blocks,
            UnaryOperator<ModelRunner> wrapping,
            PoolMemory memory,
            @Nullable KvRegion bytes) {
        region = bytes != null
                ? bytes
                : new KvRegion(
                        model.layout(blocks),
                        Arena.ofAuto().allocate(model.layout(blocks).bytes(), 64));
        runner = wrapping.apply(model.bind(region));
        EngineListener listener = new EngineListener() {
            @Override
            public void stepEnded(StepReport report) {
                reports.add(report);
            }

            @Override
            public void cached(List<BlockHash> chain) {
                cached.addAll(chain);
            }

            @Override
            public void dropped(int broken) {
                dropped += broken;
            }

            @Override
            public void evicted(List<BlockHash> hashes) {
                evicted.addAll(hashes);
            }
        };
        EngineClock clock = new EngineClock(() -> Instant.ofEpochMilli(millis), () -> millis * 1_000_000);
        loop = new EngineLoop(settings, runner, listener, clock, memory, incoming::poll, () -> {});
    }

    /** A prompt of random tokens. */
    public static List<Integer> prompt(long seed, int length) {
        return new Random(seed).ints(length, 0, VOCAB).boxed().toList();
    }

    public static Generation generation(String id, List<Integer> prompt, int maxTokens) {
        return Generation.newBuilder()
                .setRequestId(id)
                .setAttempt(Attempt.newBuilder().setNumber(1).setNonce(7))
                .addAllPrompt(prompt)
                .setStopping(Stopping.newBuilder().setMaxTokens(maxTokens))
                .build();
    }

    public RecordingListener admit(Generation generation, Goal work) {
        RecordingListener listener = new RecordingListener();
        admit(generation, work, listener);
        return listener;
    }

    public void admit(Generation generation, Goal work, SequenceListener listener) {
        incoming.add(new Admit(generation, work, listener));
    }

    public void cancel(Generation generation) {
        incoming.add(new Cancel(
                AttemptKey.of(generation),
                Failure.newBuilder().setCode(Failure.Code.CANCELLED).build()));
    }

    public void release(Generation generation) {
        incoming.add(new Release(AttemptKey.of(generation)));
    }

    /** The answer to a prompt that was handed over has ended. */
    public void letGo(Generation generation) {
        incoming.add(new EngineCommand.LetGo(AttemptKey.of(generation).toString()));
    }

    /** All KV has arrived. */
    public void arrived(Generation generation, int firstToken) {
        arrived(generation, generation.getPromptCount() + generation.getAcceptedCount(), firstToken);
    }

    public void arrived(Generation generation, int tokens, int firstToken) {
        incoming.add(new KvArrived(AttemptKey.of(generation), tokens, firstToken));
    }

    /** Names of the full blocks of these tokens. */
    List<BlockHash> chain(List<Integer> tokens) {
        return new PrefixHasher(new byte[0], runner.shape().fingerprint(), BLOCK)
                .chain(tokens.stream().mapToInt(Integer::intValue).toArray());
    }

    /** Changes one bit of a block's bytes. */
    void flipBit(int layer, int block) {
        MemorySegment bytes = region.layerBlock(layer, block);
        bytes.set(ValueLayout.JAVA_BYTE, 0, (byte) (bytes.get(ValueLayout.JAVA_BYTE, 0) ^ 4));
    }

    /** One turn of the loop. False when there was nothing to do. */
    public boolean runOnce() {
        return loop.runOnce();
    }

    public EngineLoad load() {
        return loop.load();
    }

    public void checkIntegrity() {
        loop.checkIntegrity();
    }

    /** Turns until nothing happens. */
    public void settle() {
        for (int turns = 0; loop.runOnce(); turns++) {
            loop.checkIntegrity();
            if (turns > 10_000) {
                throw new AssertionError("the loop does not come to rest");
            }
        }
        loop.checkIntegrity();
    }

    /** What an engine of its own makes of the prompt. */
    public static List<Integer> alone(Generation generation) {
        Bench bench = new Bench(EngineSettings.Role.BOTH, 128);
        RecordingListener listener = bench.admit(generation, Goal.PREFILL_AND_DECODE);
        bench.settle();
        return listener.tokens;
    }

    /** Copies the KV of some blocks into another bench's, as a transfer would. */
    public void copyKv(int[] from, Bench other, int[] to) {
        for (int layer = 0; layer < region.layout().layers(); layer++) {
            for (int i = 0; i < from.length; i++) {
                other.region.layerBlock(layer, to[i]).copyFrom(region.layerBlock(layer, from[i]));
            }
        }
    }

    /** Forgets what was heard so far. */
    public void forget() {
        cached.clear();
        evicted.clear();
        reports.clear();
    }

    @Override
    public void close() {
        runner.close();
    }
}
