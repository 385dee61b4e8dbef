package dev.baton.worker;

import com.google.protobuf.Message;
import dev.baton.cluster.lanes.LaneConsumerFactory;
import dev.baton.cluster.lanes.LaneHandler;
import dev.baton.cluster.leases.LaneLease;
import dev.baton.cluster.leases.LaneLeases;
import dev.baton.protocol.ClusterNames;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Gives a worker a lane to read.
 *
 * @param names of the cluster's topics
 * @param count lanes of a topic
 * @param wanted the lane to hold; null: any free one
 * @param startTimeout how long a lane's first poll may wait for Kafka
 */
record LaneSource(
        LaneLeases leases,
        LaneConsumerFactory consumers,
        WorkerIdentity identity,
        ClusterNames names,
        int count,
        @Nullable Integer wanted,
        Duration startTimeout) {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** Holds a lane of the role's topic when it returns. */
    <T extends Message> LaneKeeper<T> keep(WorkerRole<T> role, LaneHandler<T> records) throws InterruptedException {
        return new LaneKeeper<>(() -> take(role.topic(names)), lease -> consumers.open(lease, role.parser(), records));
    }

    private LaneLease take(String topic) throws InterruptedException {
        return leases.take(topic, count, identity.ref(), wanted, LIMIT);
    }
}
