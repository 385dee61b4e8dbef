package dev.baton.cluster.lanes;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;

/**
 * Servers and security of Kafka, as Spring's settings ({@code spring.kafka.*}) give them, and how soon a client asks a broker
 * again that was away, unless these settings say so: requests wait for it, so the pauses do not grow to Kafka's own second.
 */
public record KafkaConnection(Map<String, Object> admin, Map<String, Object> producer, Map<String, Object> consumer) {
    private static final long LONGEST_PAUSE_MILLIS = 200;

    public KafkaConnection {
        admin = askingSoon(admin);
        producer = askingSoon(producer);
        consumer = askingSoon(consumer);
    }

    private static Map<String, Object> askingSoon(Map<String, Object> given) {
        Map<String, Object> all = new HashMap<>(given);
        all.putIfAbsent(CommonClientConfigs.RECONNECT_BACKOFF_MAX_MS_CONFIG, LONGEST_PAUSE_MILLIS);
        all.putIfAbsent(CommonClientConfigs.RETRY_BACKOFF_MAX_MS_CONFIG, LONGEST_PAUSE_MILLIS);
        return Map.copyOf(all);
    }
}
