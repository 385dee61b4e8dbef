package dev.baton.cluster.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KafkaConnectionTest {
    private static final String RECONNECT = "reconnect.backoff.max.ms";
    private static final String RETRY = "retry.backoff.max.ms";

    @Test
    void everyClientAsksABrokerThatWasAwayAgainWithinATenthOfWhatARequestWaits() {
        KafkaConnection connection = new KafkaConnection(Map.of(), Map.of(), Map.of());

        assertThat(List.of(connection.admin(), connection.producer(), connection.consumer()))
                .allSatisfy(client ->
                        assertThat(client).containsEntry(RECONNECT, 200L).containsEntry(RETRY, 200L));
    }

    @Test
    void anOperatorsOwnPausesStand() {
        Map<String, Object> own = Map.of(RECONNECT, "5000", RETRY, "4000", "bootstrap.servers", "kafka:9092");
        KafkaConnection connection = new KafkaConnection(own, own, own);

        assertThat(List.of(connection.admin(), connection.producer(), connection.consumer()))
                .containsOnly(own);
    }
}
