package dev.baton.cluster.lanes;

import java.util.Map;

/** How Spring's settings ({@code spring.kafka.*}) say that Kafka is reached: servers, security, and nothing of ours. */
public record KafkaConnection(Map<String, Object> admin, Map<String, Object> producer, Map<String, Object> consumer) {
    public KafkaConnection {
        admin = Map.copyOf(admin);
        producer = Map.copyOf(producer);
        consumer = Map.copyOf(consumer);
    }
}
