package dev.baton.worker;

import dev.baton.config.ArithmeticProperties;
import dev.baton.config.BlockProperties;
import dev.baton.config.ModelProperties;
import dev.baton.engine.EngineCapabilities;
import dev.baton.engine.EngineListener;
import dev.baton.engine.EngineSettings;
import dev.baton.engine.draft.Speculation;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import org.springframework.boot.convert.ApplicationConversionService;
import org.springframework.core.convert.ConversionFailedException;

/** Opens the model, its pool and its engine as the settings say. */
record ModelLoader(
        WorkerIdentity identity,
        ModelProperties model,
        Precision precision,
        EngineProperties engine,
        KvProperties kv,
        BlockProperties block) {
    /** @throws IllegalArgumentException when a setting names no value of the engine */
    static Precision precision(ArithmeticProperties arithmetic) {
        return new Precision(
                choice("baton.engine.dtype", arithmetic.dtype(), DtypeChoice.class),
                choice("baton.engine.weights", arithmetic.weights(), WeightChoice.class));
    }

    /** Reads a name as Spring reads enums in settings: case and dashes do not count. */
    private static <E extends Enum<E>> E choice(String setting, String name, Class<E> type) {
        try {
            return Objects.requireNonNull(
                    ApplicationConversionService.getSharedInstance().convert(name, type));
        } catch (ConversionFailedException e) {
            throw new IllegalArgumentException(
                    "%s is %s: set one of %s".formatted(setting, name, Arrays.toString(type.getEnumConstants())), e);
        }
    }

    /** @param role limits of the engine unless set */
    ModelRuntime open(EngineSettings role, EngineListener listener, WorkerMetrics metrics) throws IOException {
        ModelSettings settings = new ModelSettings(
                model.folder(),
                model.servedName(),
                precision,
                engine.threadsOr(Runtime.getRuntime().availableProcessors()),
                block.blockTokens(),
                model.maxContext());
        EngineSettings limits = new EngineSettings(
                role.role(),
                engine.maxSequences() > 0 ? engine.maxSequences() : role.maxSequences(),
                engine.stepTokens() > 0 ? engine.stepTokens() : role.stepTokens(),
                role.queueCapacity(),
                role.patience(),
                new Speculation(engine.speculation(), engine.guesses()));
        return ModelRuntime.open(identity, settings, engine.device(), kv, limits, listener, metrics);
    }

    /** The longest sequence served: no more than the model knows, the operator allows, or the pool has blocks for. */
    int maxContext(EngineCapabilities able) {
        long pool = (long) able.layout().blocks() * able.layout().blockTokens();
        int longest = (int) Math.min(able.maxContext(), pool);
        return model.maxContext() > 0 ? Math.min(model.maxContext(), longest) : longest;
    }
}
