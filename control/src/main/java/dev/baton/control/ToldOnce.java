package dev.baton.control;

import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.util.List;

/** What the client is told once, whichever attempt reports it first: that a worker has claimed the request, and how much was cached. */
final class ToldOnce {
    private boolean admitted;
    private int cachedTokens = -1;

    /** Takes a frame of the current attempt's worker, and what it tells of a recovery. */
    void take(Execution run, WorkerRef worker, Progress progress, List<Effect> effects) {
        admitted(effects);
        run.recovers(progress, effects);
        if (progress.hasTiming()) {
            effects.add(new Effect.NoteTiming(worker, progress.getTiming()));
        }
        if (progress.hasCachedTokens() && cachedTokens < 0) {
            cachedTokens = progress.getCachedTokens();
            effects.add(new Effect.EmitCached(cachedTokens));
        }
    }

    /** A worker has claimed the request. */
    void admitted(List<Effect> effects) {
        if (!admitted) {
            admitted = true;
            effects.add(new Effect.EmitAdmitted());
        }
    }

    /** Prompt tokens found in a prefix cache, by the first attempt that reported it; 0 while none has. */
    int cachedTokens() {
        return Math.max(0, cachedTokens);
    }
}
