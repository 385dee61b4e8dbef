package dev.baton.cluster.lanes;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.baton.cluster.leases.LaneLease;
import dev.baton.config.LaneProperties;
import java.time.InstantSource;
import java.util.Map;

/**
 * Opens lane consumers over one connection to Kafka.
 *
 * @param connection Kafka client settings: servers and, where needed, security
 * @param producer for dead letters
 */
public record LaneConsumerFactory(
        Map<String, Object> connection,
        LaneProperties settings,
        LaneProducer producer,
        LaneMetrics metrics,
        InstantSource clock) {
    public LaneConsumerFactory {
        connection = Map.copyOf(connection);
    }

    /** Starts to read at once. The lease stays the caller's: close it after the consumer. */
    public <T extends Message> LaneConsumer<T> open(LaneLease lease, Parser<T> parser, LaneHandler<T> handler) {
        return new LaneConsumer<>(this, lease, parser, handler);
    }
}
