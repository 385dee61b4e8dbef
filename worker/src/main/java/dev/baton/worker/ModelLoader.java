package dev.baton.worker;

import dev.baton.config.ModelProperties;
import dev.baton.engine.EngineCapabilities;
import dev.baton.engine.EngineListener;
import dev.baton.engine.EngineSettings;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.Precision;
import java.io.IOException;

/** Opens the model, its pool and its engine as the settings say. */
record ModelLoader(WorkerIdentity identity, ModelProperties model, EngineProperties engine, KvProperties kv) {
    /** @param role limits of the engine unless set */
    ModelRuntime open(EngineSettings role, EngineListener listener, WorkerMetrics metrics) throws IOException {
        ModelSettings settings = new ModelSettings(
                model.folder(),
                model.servedName(),
                new Precision(engine.dtype(), engine.weights()),
                engine.threadsOr(Runtime.getRuntime().availableProcessors()),
                kv.blockTokens());
        EngineSettings limits = new EngineSettings(
                role.role(),
                engine.maxSequences() > 0 ? engine.maxSequences() : role.maxSequences(),
                engine.stepTokens() > 0 ? engine.stepTokens() : role.stepTokens(),
                role.queueCapacity(),
                role.patience());
        return ModelRuntime.open(identity, settings, engine.device(), kv, limits, listener, metrics);
    }

    /** The longest sequence served: no more than the model knows, the operator allows, or the pool has blocks for. */
    int maxContext(EngineCapabilities able) {
        long pool = (long) able.layout().blocks() * able.layout().blockTokens();
        int longest = (int) Math.min(able.maxContext(), pool);
        return model.maxContext() > 0 ? Math.min(model.maxContext(), longest) : longest;
    }
}
