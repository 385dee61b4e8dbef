package dev.baton.worker;

import dev.baton.config.ClusterSettings;
import dev.baton.config.LaneSettings;
import dev.baton.config.ModelSettings;
import dev.baton.config.RegistrySettings;
import dev.baton.config.StreamSettings;
import dev.baton.config.WorkerSettings;
import java.time.InstantSource;

/** All settings of a worker, group by group. */
record NodeSettings(
        WorkerSettings worker,
        ModelSettings model,
        EngineGroup engine,
        KvSettings kv,
        TransferGroup transfer,
        ClusterSettings cluster,
        LaneSettings lanes,
        RegistrySettings registry,
        StreamSettings stream,
        InstantSource clock) {}
