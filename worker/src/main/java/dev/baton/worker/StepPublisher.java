package dev.baton.worker;

import dev.baton.engine.EngineListener;
import dev.baton.kv.BlockHash;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Publishes the results of each engine step, on the engine's thread: sends its frames, counts its meters. */
final class StepPublisher implements EngineListener {
    private final StepFrameBatcher frames;
    private final WorkerMetrics metrics;
    private final Consumer<Throwable> whenDead;
    private volatile @Nullable PrefixAdvertiser advertiser;

    StepPublisher(StepFrameBatcher frames, WorkerMetrics metrics, Consumer<Throwable> whenDead) {
        this.frames = frames;
        this.metrics = metrics;
        this.whenDead = whenDead;
    }

    @Override
    public void stepEnded(StepReport report) {
        frames.flush();
        metrics.step(report);
    }

    /** From now on cached blocks are listed in the directory. The fingerprint that names them is known once the model is open. */
    void advertise(PrefixAdvertiser prefixes) {
        advertiser = prefixes;
    }

    @Override
    public void cached(List<BlockHash> chain) {
        PrefixAdvertiser prefixes = advertiser;
        if (prefixes != null) {
            prefixes.cached(chain);
        }
    }

    @Override
    public void evicted(List<BlockHash> names) {
        PrefixAdvertiser prefixes = advertiser;
        if (prefixes != null) {
            prefixes.evicted(names);
        }
    }

    @Override
    public void dropped(int blocks) {
        metrics.dropped(blocks);
    }

    @Override
    public void died(Throwable cause) {
        whenDead.accept(cause);
    }
}
