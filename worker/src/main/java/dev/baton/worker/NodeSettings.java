package dev.baton.worker;

import dev.baton.config.ClusterProperties;
import dev.baton.config.LaneProperties;
import dev.baton.config.ModelProperties;
import dev.baton.config.RegistryProperties;
import dev.baton.config.StreamProperties;
import java.time.InstantSource;

/** All settings of a worker, group by group. */
record NodeSettings(
        WorkerProperties worker,
        ModelProperties model,
        EngineProperties engine,
        KvProperties kv,
        TransferProperties transfer,
        ClusterProperties cluster,
        LaneProperties lanes,
        RegistryProperties registry,
        StreamProperties stream,
        InstantSource clock) {}
