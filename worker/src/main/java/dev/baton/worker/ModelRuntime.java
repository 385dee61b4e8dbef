package dev.baton.worker;

import dev.baton.cluster.SteadyClock;
import dev.baton.engine.Device;
import dev.baton.engine.Engine;
import dev.baton.engine.EngineClock;
import dev.baton.engine.EngineListener;
import dev.baton.engine.EngineSettings;
import dev.baton.engine.ModelEngine;
import dev.baton.engine.OpenModel;
import dev.baton.engine.PoolMemory;
import dev.baton.kv.BlockLedger;
import dev.baton.kv.KvLayout;
import dev.baton.model.ModelSettings;
import dev.baton.model.Models;
import dev.baton.model.UnusableDeviceException;
import dev.baton.transfer.NamedBlocks;
import dev.baton.transfer.pool.LocalPools;
import dev.baton.transfer.pool.OrphanPools;
import dev.baton.transfer.pool.PoolIdentity;
import dev.baton.transfer.pool.SharedPool;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The model, its pool and the engine over both, opened in that order and closed in the reverse one; beside them, what finds
 * KV in other pools of the host, and what deletes the pools of dead workers. Safe from any thread.
 */
public final class ModelRuntime implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ModelRuntime.class);

    private final OpenModel model;
    private final SharedPool pool;
    private final BlockLedger ledger;
    private final Engine engine;
    private final OrphanPools orphans;
    private final KvRestorer restorer;

    private ModelRuntime(
            OpenModel model,
            SharedPool pool,
            BlockLedger ledger,
            Engine engine,
            OrphanPools orphans,
            WorkerMetrics metrics) {
        this.model = model;
        this.pool = pool;
        this.ledger = ledger;
        this.engine = engine;
        this.orphans = orphans;
        this.restorer = new KvRestorer(
                new LocalPools(pool),
                engine.capabilities().fingerprint(),
                engine.capabilities().layout().blockTokens(),
                metrics);
    }

    static ModelRuntime open(
            WorkerIdentity identity,
            ModelSettings settings,
            Device device,
            KvProperties kv,
            EngineSettings limits,
            EngineListener listener,
            WorkerMetrics metrics)
            throws IOException {
        long started = System.nanoTime();
        OpenModel model = openModel(settings, device);
        try {
            KvLayout one = model.layout(1);
            int blocks = (int) Math.min(Integer.MAX_VALUE, kv.memory().toBytes() / one.blockBytes());
            if (blocks < 2) {
                throw new IOException("baton.kv.memory (%s) holds %d blocks of %d bytes: at least 2 are needed"
                        .formatted(kv.memory(), blocks, one.blockBytes()));
            }
            Path folder = kv.poolFolder() != null ? kv.poolFolder() : SharedPool.defaultFolder();
            SharedPool pool = SharedPool.create(
                    folder,
                    new PoolIdentity(
                            identity.id(),
                            identity.epoch(),
                            model.shape(blocks).fingerprint(),
                            model.shape(blocks).arithmetic(),
                            model.layout(blocks)));
            @Nullable OrphanPools orphans = null;
            try {
                BlockLedger ledger = kv.records() ? pool.ledger() : BlockLedger.NONE;
                orphans = OrphanPools.start(folder, kv.orphanKeep());
                Engine engine = ModelEngine.start(
                        limits,
                        model.bind(pool.region()),
                        listener,
                        new EngineClock(SteadyClock.system(), System::nanoTime),
                        new PoolMemory(ledger, kv.verifyHits(), pool.adopted()));
                LOG.info(
                        "Model {} ready in {} ms: {}, exact {}, {} threads, {} KV blocks of {} tokens in {}",
                        settings.name(),
                        Duration.ofNanos(System.nanoTime() - started).toMillis(),
                        engine.capabilities().numerics(),
                        engine.capabilities().exact(),
                        settings.threads(),
                        blocks,
                        one.blockTokens(),
                        folder);
                return new ModelRuntime(model, pool, ledger, engine, orphans, metrics);
            } catch (IOException | RuntimeException e) {
                if (orphans != null) {
                    orphans.close();
                }
                pool.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** Opens the model on the device that was asked for, never on another. */
    static OpenModel openModel(ModelSettings settings, Device device) throws IOException {
        try {
            return Models.open(settings, device, new LoadLog());
        } catch (UnusableDeviceException e) {
            throw new IOException(
                    "baton.engine.device is %s. %s; or set it to CPU".formatted(device, e.getMessage()), e);
        }
    }

    public Engine engine() {
        return engine;
    }

    public SharedPool pool() {
        return pool;
    }

    public KvRestorer restorer() {
        return restorer;
    }

    /** The engine's cached blocks, for other workers. */
    NamedBlocks namedBlocks() {
        return new EngineBlocks(engine::submit, ledger);
    }

    @Override
    public void close() {
        restorer.close();
        engine.close();
        orphans.close();
        pool.close();
        model.close();
    }

    /** Says how far loading is, at each tenth. */
    private static final class LoadLog implements Models.LoadProgress {
        private long said;

        @Override
        public void loaded(long bytes, long ofBytes) {
            long tenth = ofBytes == 0 ? 10 : bytes * 10 / ofBytes;
            if (tenth > said && ofBytes > 256L << 20) {
                said = tenth;
                LOG.info("Loading weights: {} of {} MiB", bytes >> 20, ofBytes >> 20);
            }
        }
    }
}
