package dev.baton.worker;

import dev.baton.engine.EngineListener;
import dev.baton.kv.BlockHash;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What happens at each step of the engine, on its thread: frames go out, meters count. */
final class StepPublisher implements EngineListener {
    private final StepFrameBatcher frames;
    private final WorkerMetrics metrics;
    private final Consumer<Throwable> whenDead;
    private volatile @Nullable PrefixAdvertiser directory;

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

    /** From now on cached blocks are listed. The fingerprint that names them is known once the model is open. */
    void listIn(PrefixAdvertiser entries) {
        directory = entries;
    }

    @Override
    public void cached(List<BlockHash> chain) {
        PrefixAdvertiser entries = directory;
        if (entries != null) {
            entries.cached(chain);
        }
    }

    @Override
    public void evicted(List<BlockHash> names) {
        PrefixAdvertiser entries = directory;
        if (entries != null) {
            entries.evicted(names);
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
