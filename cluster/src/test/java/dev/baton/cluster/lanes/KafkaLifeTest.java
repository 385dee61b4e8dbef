package dev.baton.cluster.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.common.ClusterResource;
import org.junit.jupiter.api.Test;

class KafkaLifeTest {
    private final KafkaLife life = new KafkaLife();

    @Test
    void theSameClusterAgainIsNoChange() {
        life.onUpdate(new ClusterResource("a"));
        life.onUpdate(new ClusterResource(null));
        life.onUpdate(new ClusterResource("a"));
        assertThat(life.takeChanged()).isFalse();
    }

    @Test
    void anotherClusterIsSeenOnce() {
        life.onUpdate(new ClusterResource("a"));
        life.onUpdate(new ClusterResource("b"));
        assertThat(life.takeChanged()).isTrue();
        assertThat(life.takeChanged()).isFalse();
    }
}
