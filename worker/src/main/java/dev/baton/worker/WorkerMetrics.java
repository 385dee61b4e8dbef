package dev.baton.worker;

import dev.baton.engine.Engine;
import dev.baton.engine.EngineListener.StepReport;
import dev.baton.engine.EngineLoad;
import dev.baton.kv.CacheForecast;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.KvTransportKind;
import dev.baton.transfer.TransferListener;
import dev.baton.transfer.pool.LocalPools;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/** Meters of a worker: steps, batch, queue, blocks, KV that moved. Safe for use by any thread. */
final class WorkerMetrics implements TransferListener {
    private static final String DROPPED = "Blocks given up because their bytes had changed";

    private final MeterRegistry registry;
    private final Timer decodeSteps;
    private final Timer prefillSteps;
    private final DistributionSummary batch;
    private final Counter decoded;
    private final Counter prefilled;
    private final Counter guessed;
    private final Counter accepted;

    WorkerMetrics(MeterRegistry registry) {
        this.registry = registry;
        decodeSteps = Timer.builder("baton.engine.step")
                .tag("kind", "decode")
                .description("Steps without prompt rows")
                .publishPercentileHistogram()
                .register(registry);
        prefillSteps = Timer.builder("baton.engine.step")
                .tag("kind", "prefill")
                .description("Steps with prompt rows")
                .publishPercentileHistogram()
                .register(registry);
        batch = DistributionSummary.builder("baton.engine.batch")
                .description("Sequences that made a token in a step")
                .publishPercentileHistogram()
                .register(registry);
        decoded = counter("baton.engine.tokens", "Rows computed", "kind", "decode");
        prefilled = counter("baton.engine.tokens", "Rows computed", "kind", "prefill");
        guessed = counter("baton.engine.guesses", "Tokens guessed ahead, a row each");
        accepted = counter("baton.engine.guesses.accepted", "Guesses that were the tokens drawn");
    }

    void engine(Engine engine) {
        gauge(
                engine,
                "baton.engine.queued",
                "Sequences waiting for their first step or for blocks",
                EngineLoad::queued);
        gauge(engine, "baton.engine.running", "Sequences in the batch", EngineLoad::running);
        gauge(engine, "baton.engine.queued.tokens", "Prompt tokens not yet computed", EngineLoad::queuedTokens);
        gauge(engine, "baton.kv.blocks.free", "Blocks that hold nothing", EngineLoad::freeBlocks);
        gauge(
                engine,
                "baton.kv.blocks.cached",
                "Blocks that are found by content and evicted when room is needed",
                EngineLoad::cachedBlocks);
        gauge(engine, "baton.kv.blocks", "Blocks of the pool", EngineLoad::blocks);
        foretold(
                engine,
                "baton.kv.cache.asked",
                "Blocks asked for by name or newly named, as the shadows of the cache saw them",
                CacheForecast::touches);
        foretold(engine, "baton.kv.cache.found", "Of them, what a cache of this size finds", CacheForecast::hits);
        foretold(
                engine,
                "baton.kv.cache.found.twice",
                "Of them, what a cache of twice this size would find",
                CacheForecast::hitsOfTwice);
    }

    private Counter counter(String name, String description, String... tags) {
        return Counter.builder(name).description(description).tags(tags).register(registry);
    }

    private void gauge(Engine engine, String name, String description, ToDoubleFunction<EngineLoad> value) {
        Gauge.builder(name, engine, of -> value.applyAsDouble(of.load()))
                .description(description)
                .register(registry);
    }

    private void foretold(Engine engine, String name, String description, ToDoubleFunction<CacheForecast> value) {
        FunctionCounter.builder(
                        name, engine, of -> value.applyAsDouble(of.load().forecast()))
                .description(description)
                .register(registry);
    }

    void step(StepReport report) {
        if (report.decodeRows() + report.prefillRows() == 0) {
            return;
        }
        (report.prefillRows() > 0 ? prefillSteps : decodeSteps).record(report.nanos(), TimeUnit.NANOSECONDS);
        if (report.decodeRows() > 0) {
            batch.record(report.decodeRows());
        }
        decoded.increment(report.decodeRows());
        prefilled.increment(report.prefillRows());
        guessed.increment(report.guesses());
        accepted.increment(report.accepted());
    }

    @Override
    public void sent(KvTransportKind transport, long bytes, Duration duration, Duration exposed) {
        moved("sent", transport, bytes, duration);
        Timer.builder("baton.transfer.exposed")
                .description("KV transfer after compute had ended")
                .tag("transport", transport.name())
                .register(registry)
                .record(exposed);
    }

    @Override
    public void received(KvTransportKind transport, long bytes, Duration duration) {
        moved("received", transport, bytes, duration);
    }

    private void moved(String direction, KvTransportKind transport, long bytes, Duration duration) {
        counter("baton.transfer.bytes", "KV moved", "direction", direction, "transport", transport.name())
                .increment(bytes);
        Timer.builder("baton.transfer.time")
                .description("First byte to last of one sequence's KV")
                .tag("direction", direction)
                .tag("transport", transport.name())
                .register(registry)
                .record(duration);
    }

    /** Cached blocks whose bytes had changed were found before they were used. */
    void dropped(int blocks) {
        counter("baton.kv.blocks.dropped", DROPPED, "where", "cache").increment(blocks);
    }

    /** Blocks of other pools of this host whose bytes had changed were found while they were copied. */
    void droppedElsewhere(LocalPools pools) {
        FunctionCounter.builder("baton.kv.blocks.dropped", pools, LocalPools::failed)
                .description(DROPPED)
                .tag("where", "pool")
                .register(registry);
    }

    void listedBlocks(Supplier<Number> listed) {
        Gauge.builder("baton.kv.directory.blocks", listed)
                .description("Cached blocks of this worker that the directory in Redis names")
                .register(registry);
    }

    /** Entries of some blocks could not be written to the directory in Redis. */
    void directoryFailed(String operation, int blocks) {
        counter(
                        "baton.kv.directory.failures",
                        "Blocks whose entries in the directory could not be written",
                        "operation",
                        operation)
                .increment(blocks);
    }

    /** A sequence that another worker began goes on here: where its KV was found, and how many tokens are computed again. */
    void restored(Restored restored) {
        String rung = restored.rung().name().toLowerCase(Locale.ROOT);
        counter("baton.kv.recoveries", "Sequences that go on from another worker", "rung", rung)
                .increment();
        counter("baton.kv.recovered.tokens", "Their tokens whose KV was found", "rung", rung)
                .increment(restored.found());
        counter("baton.kv.recomputed.tokens", "Their tokens that are computed again", "rung", rung)
                .increment(restored.tokens() - restored.found());
        Timer.builder("baton.kv.restore.time")
                .description("From reserved blocks to the last row copied into them")
                .tag("rung", rung)
                .register(registry)
                .record(restored.duration());
    }

    /** A prompt was looked for elsewhere before it is computed here. */
    void fetched(Restored restored, int tokens) {
        String rung = restored.rung().name().toLowerCase(Locale.ROOT);
        counter("baton.kv.fetches", "Prompts whose KV was looked for elsewhere before they were computed", "rung", rung)
                .increment();
        counter("baton.kv.fetched.tokens", "Their tokens whose KV came from elsewhere", "rung", rung)
                .increment(tokens);
        Timer.builder("baton.kv.fetch.time")
                .description("From reserved blocks to the last row copied into them")
                .tag("rung", rung)
                .register(registry)
                .record(restored.duration());
    }

    @Override
    public void failed(Failure failure) {
        counter(
                        "baton.transfer.failures",
                        "KV transfers that failed",
                        "code",
                        failure.getCode().name())
                .increment();
    }
}
