package dev.baton.engine;

import dev.baton.engine.simulated.SimulatedModel;
import dev.baton.kv.KvRegion;

/** The engine over a simulated model: real scheduler, block pool, sampler and KV bytes, made-up tokens and step times. */
public final class SimulatedEngine {
    private SimulatedEngine() {}

    /** @param region whose layout is that of the model for its number of blocks */
    public static Engine start(
            EngineSettings settings,
            SimulatedModel model,
            KvRegion region,
            EngineListener listener,
            EngineClock clock) {
        return ModelEngine.start(settings, model.bind(region), listener, clock);
    }
}
