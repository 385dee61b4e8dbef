package dev.baton.cluster.requests;

import dev.baton.cluster.redis.ScriptRunner;
import dev.baton.protocol.ClusterNames;
import java.time.Duration;

/** Request states over a runner of scripts. */
public final class VirtualRequests {
    private VirtualRequests() {}

    public static RequestStates over(ScriptRunner scripts) {
        return new RequestStates(scripts, new ClusterNames("baton"), Duration.ofMinutes(1));
    }
}
