package dev.baton.cluster.lanes;

import java.util.Map;

/** Servers and security of Kafka, as Spring's settings ({@code spring.kafka.*}) give them; nothing of our own. */
public record KafkaConnection(Map<String, Object> admin, Map<String, Object> producer, Map<String, Object> consumer) {
    public KafkaConnection {
        admin = Map.copyOf(admin);
        producer = Map.copyOf(producer);
        consumer = Map.copyOf(consumer);
    }
}
