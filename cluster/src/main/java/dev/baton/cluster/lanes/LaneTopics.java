package dev.baton.cluster.lanes;

import dev.baton.config.LaneProperties;
import dev.baton.protocol.ClusterNames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes the topics when they are missing, and refuses to start on topics that do not fit the settings. */
public final class LaneTopics {
    private static final Logger LOG = LoggerFactory.getLogger(LaneTopics.class);

    private static final Duration RETRY_PAUSE = Duration.ofMillis(20);

    private LaneTopics() {}

    /**
     * Returns once all topics exist with the lanes that the settings ask for.
     *
     * @param connection Kafka client settings: servers and, where needed, security
     * @throws LaneException Kafka does not answer in time, or a topic that is there already has another number of lanes,
     *     takes no record as large as the longest job, or keeps records for too short a time
     */
    public static void ensure(Map<String, Object> connection, ClusterNames names, LaneProperties settings) {
        Map<String, Object> config = new HashMap<>(connection);
        int limit = Math.toIntExact(settings.startTimeout().toMillis());
        config.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, limit);
        config.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, Math.min(limit, 10_000));
        try (Admin admin = Admin.create(config)) {
            Set<String> present = get(admin.listTopics().names(), settings);
            List<NewTopic> missing = topics(names, settings).stream()
                    .filter(topic -> !present.contains(topic.name()))
                    .toList();
            for (NewTopic topic : missing) {
                create(admin, topic, settings);
            }
            verify(admin, names, settings);
            List<String> found =
                    names.topics().stream().filter(present::contains).toList();
            TopicLimits.verify(
                    get(admin.describeConfigs(TopicLimits.resources(found)).all(), settings), names, settings);
        }
    }

    private static List<NewTopic> topics(ClusterNames names, LaneProperties settings) {
        List<NewTopic> topics = new ArrayList<>();
        for (String name : names.workTopics()) {
            topics.add(topic(name, settings.count(), settings));
        }
        topics.add(topic(names.deadTopic(), 1, settings));
        topics.add(new NewTopic(names.usageTopic(), 1, (short) settings.replicas()));
        return topics;
    }

    private static NewTopic topic(String name, int partitions, LaneProperties settings) {
        return new NewTopic(name, partitions, (short) settings.replicas())
                .configs(Map.of(
                        TopicConfig.RETENTION_MS_CONFIG,
                        Long.toString(settings.retention().toMillis()),
                        TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
                        Long.toString(settings.maxRecord().toBytes()),
                        TopicConfig.COMPRESSION_TYPE_CONFIG,
                        "producer"));
    }

    private static void create(Admin admin, NewTopic topic, LaneProperties settings) {
        try {
            get(admin.createTopics(List.of(topic)).all(), settings);
            LOG.info("Topic {} is made with {} partitions", topic.name(), topic.numPartitions());
        } catch (LaneException e) {
            // Another role that starts at the same time was faster.
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
        }
    }

    private static void verify(Admin admin, ClusterNames names, LaneProperties settings) {
        Map<String, TopicDescription> found = describe(admin, names, settings);
        found.forEach((name, description) -> {
            int lanes = description.partitions().size();
            boolean ofWork = names.workTopics().contains(name);
            if (ofWork && lanes != settings.count()) {
                throw new LaneException(
                        "Topic " + name + " has " + lanes + " lanes and baton.lanes.count is " + settings.count()
                                + ". Set baton.lanes.count to " + lanes
                                + " for every role, or delete the topic while nothing runs.",
                        null);
            }
        });
    }

    /** A topic just made is not known to every broker at once. */
    private static Map<String, TopicDescription> describe(Admin admin, ClusterNames names, LaneProperties settings) {
        long end = System.nanoTime() + settings.startTimeout().toNanos();
        while (true) {
            try {
                return get(admin.describeTopics(names.topics()).allTopicNames(), settings);
            } catch (LaneException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException) || System.nanoTime() > end) {
                    throw e;
                }
                LockSupport.parkNanos(RETRY_PAUSE.toNanos());
            }
        }
    }

    private static <T> T get(KafkaFuture<T> future, LaneProperties settings) {
        try {
            return future.get(settings.startTimeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LaneException("Interrupted while preparing Kafka's topics", e);
        } catch (ExecutionException e) {
            throw failed(settings, e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            throw failed(settings, e);
        }
    }

    private static LaneException failed(LaneProperties settings, Throwable cause) {
        return new LaneException(
                "Kafka's topics could not be prepared within " + settings.startTimeout() + " (" + cause
                        + "). Check spring.kafka.bootstrap-servers, and baton.lanes.start-timeout if Kafka is slow to"
                        + " start.",
                cause);
    }
}
