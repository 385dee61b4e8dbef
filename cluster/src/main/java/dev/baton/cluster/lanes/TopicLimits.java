package dev.baton.cluster.lanes;

import dev.baton.config.LaneProperties;
import dev.baton.protocol.ClusterNames;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;

/** Checks that topics made by others can hold the records of this cluster. */
final class TopicLimits {
    private TopicLimits() {}

    static List<ConfigResource> resources(List<String> topics) {
        return topics.stream()
                .map(name -> new ConfigResource(ConfigResource.Type.TOPIC, name))
                .toList();
    }

    /** @throws LaneException a topic is too small; the message names it, its setting and ours */
    static void verify(Map<ConfigResource, Config> found, ClusterNames names, LaneProperties settings) {
        found.forEach((resource, config) -> {
            boolean takesJobs = !resource.name().equals(names.usageTopic());
            if (takesJobs) {
                size(resource.name(), number(config, TopicConfig.MAX_MESSAGE_BYTES_CONFIG), settings);
            }
            if (names.workTopics().contains(resource.name())) {
                retention(resource.name(), number(config, TopicConfig.RETENTION_MS_CONFIG), settings);
            }
        });
    }

    private static void size(String topic, long bytes, LaneProperties settings) {
        long needed = settings.maxRecord().toBytes();
        if (bytes < needed) {
            throw new LaneException(
                    "Topic %s takes records of at most %d bytes, and the longest job (baton.lanes.max-tokens=%d) needs %d. Raise the topic's %s, or lower baton.lanes.max-tokens for every role."
                            .formatted(
                                    topic, bytes, settings.maxTokens(), needed, TopicConfig.MAX_MESSAGE_BYTES_CONFIG),
                    null);
        }
    }

    /** -1: for ever. */
    private static void retention(String topic, long millis, LaneProperties settings) {
        if (millis >= 0 && millis < settings.retention().toMillis()) {
            throw new LaneException(
                    "Topic %s keeps records for %s, and baton.lanes.retention is %s. Raise the topic's %s, or lower baton.lanes.retention, which must be at least the longest deadline."
                            .formatted(
                                    topic,
                                    Duration.ofMillis(millis),
                                    settings.retention(),
                                    TopicConfig.RETENTION_MS_CONFIG),
                    null);
        }
    }

    private static long number(Config config, String name) {
        ConfigEntry entry = config.get(name);
        return entry == null || entry.value() == null ? Long.MAX_VALUE : Long.parseLong(entry.value());
    }
}
