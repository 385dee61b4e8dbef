package dev.baton.cluster.lanes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

@WithStack
class KafkaProbeTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(300);

    @Test
    void saysYesToABrokerThatAnswers(TestStack stack) {
        try (KafkaProbe probe = probe(stack.kafka(), LONG, Duration.ZERO)) {
            assertThat(probe.answers()).isTrue();
            assertThat(probe.answers()).isTrue();
        }
    }

    @Test
    void saysNoWhereNobodyListens() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        try (KafkaProbe probe = probe("127.0.0.1:" + free, SHORT, Duration.ZERO)) {
            assertThat(probe.answers()).isFalse();
        }
    }

    @Test
    void saysNoToAnAddressThatCannotBeRead() {
        try (KafkaProbe probe = probe("nowhere", SHORT, Duration.ZERO)) {
            assertThat(probe.answers()).isFalse();
        }
    }

    @Test
    void asksOnceWhileAnAnswerStands() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                KafkaProbe probe = probe("127.0.0.1:" + silent.getLocalPort(), SHORT, LONG)) {
            assertThat(probe.answers()).isFalse();
            long asked = System.nanoTime();
            for (int i = 0; i < 1_000; i++) {
                assertThat(probe.answers()).isFalse();
            }
            // Asking each time would take a thousand times the limit.
            assertThat(Duration.ofNanos(System.nanoTime() - asked)).isLessThan(SHORT.multipliedBy(100));
        }
    }

    @Test
    void saysNoOnceClosed(TestStack stack) {
        KafkaProbe probe = probe(stack.kafka(), LONG, LONG);
        assertThat(probe.answers()).isTrue();
        probe.close();
        assertThat(probe.answers()).isFalse();
    }

    private static KafkaProbe probe(String servers, Duration limit, Duration standsFor) {
        return new KafkaProbe(Map.of("bootstrap.servers", servers), limit, standsFor);
    }
}
