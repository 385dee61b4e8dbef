package dev.baton.cluster.lanes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.config.LaneProperties;
import dev.baton.protocol.ClusterNames;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.TopicConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Topics of several clusters on one Kafka, and topics that an administrator has made before the first start. */
@WithStack
@Timeout(120)
class LaneTopicsTest {
    private final ClusterNames names = cluster();
    private Map<String, Object> connection;
    private Admin admin;

    @BeforeEach
    void connect(TestStack stack) {
        connection = Map.of("bootstrap.servers", stack.kafka());
        admin = Admin.create(connection);
    }

    @AfterEach
    void disconnect() {
        admin.close();
    }

    @Test
    void twoClustersHaveTopicsOfTheirOwnOnOneKafka() throws Exception {
        ClusterNames other = cluster();
        LaneTopics.ensure(connection, names, settings(2));
        LaneTopics.ensure(connection, other, settings(3));
        assertThat(admin.listTopics().names().get(20, TimeUnit.SECONDS))
                .containsAll(names.topics())
                .containsAll(other.topics());
        assertThat(lanes(names)).isEqualTo(2);
        assertThat(lanes(other)).isEqualTo(3);
    }

    @Test
    void usesTopicsThatAnAdministratorHasMadeAndThatAreLargeEnough() throws Exception {
        make(names.prefillTopic(), 2, Long.toString(64 << 20), "-1");
        make(names.handoffTopic(), 2, Long.toString(64 << 20), "86400000");
        LaneTopics.ensure(connection, names, settings(2));
        assertThat(lanes(names)).isEqualTo(2);
    }

    @Test
    void namesATopicThatTakesNoRecordAsLargeAsTheLongestJob() throws Exception {
        make(names.handoffTopic(), 2, "1000", "-1");
        assertThatThrownBy(() -> LaneTopics.ensure(connection, names, settings(2)))
                .isInstanceOf(LaneException.class)
                .hasMessageContaining(names.handoffTopic())
                .hasMessageContaining("max.message.bytes")
                .hasMessageContaining("baton.lanes.max-tokens");
    }

    @Test
    void namesATopicThatForgetsJobsTooSoon() throws Exception {
        make(names.prefillTopic(), 2, Long.toString(64 << 20), "1000");
        assertThatThrownBy(() -> LaneTopics.ensure(connection, names, settings(2)))
                .isInstanceOf(LaneException.class)
                .hasMessageContaining(names.prefillTopic())
                .hasMessageContaining("retention.ms")
                .hasMessageContaining("baton.lanes.retention");
    }

    private static ClusterNames cluster() {
        return new ClusterNames("c-" + UUID.randomUUID().toString().substring(0, 8));
    }

    private void make(String name, int lanes, String bytes, String retention) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, lanes, (short) 1)
                        .configs(Map.of(
                                TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
                                bytes,
                                TopicConfig.RETENTION_MS_CONFIG,
                                retention))))
                .all()
                .get(20, TimeUnit.SECONDS);
    }

    private int lanes(ClusterNames of) throws Exception {
        return Objects.requireNonNull(admin.describeTopics(List.of(of.prefillTopic()))
                        .allTopicNames()
                        .get(20, TimeUnit.SECONDS)
                        .get(of.prefillTopic()))
                .partitions()
                .size();
    }

    private static LaneProperties settings(int lanes) {
        return new LaneProperties(
                lanes, 1, Duration.ofHours(1), 8_192, 4, 3, false, Duration.ofSeconds(5), Duration.ofSeconds(30));
    }
}
