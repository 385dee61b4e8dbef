package dev.baton.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KafkaProcessTest {
    @TempDir
    Path folder;

    private int controllerPort;

    @Test
    void servesEndsWhenClosedAndKeepsItsTopicsOverARestart() throws Exception {
        KafkaProcess.Settings settings = settings(Ports.free(2));
        KafkaProcess first = KafkaProcess.start(settings);
        try (first;
                Admin admin = admin(first)) {
            admin.createTopics(List.of(new NewTopic("kept", 3, (short) 1)))
                    .all()
                    .get(20, TimeUnit.SECONDS);
        }
        assertThat(first.child().alive()).isFalse();

        try (KafkaProcess again = KafkaProcess.start(settings);
                Admin admin = admin(again)) {
            assertThat(admin.listTopics().names().get(20, TimeUnit.SECONDS)).contains("kept");
        }
    }

    /** Kafka's own settings let a killed broker wait for the session of its earlier life: 10 s more than after an end in peace. */
    @Test
    void servesAsSoonAfterAKillAsAfterAnEndInPeace() throws Exception {
        KafkaProcess.Settings settings = settings(Ports.free(2));
        KafkaProcess.start(settings).close();
        long peaceful = System.nanoTime();
        KafkaProcess second = KafkaProcess.start(settings);
        Duration afterPeace = Duration.ofNanos(System.nanoTime() - peaceful);
        second.kill();
        assertThat(second.child().alive()).isFalse();

        long killed = System.nanoTime();
        try (KafkaProcess third = KafkaProcess.start(settings)) {
            Duration afterKill = Duration.ofNanos(System.nanoTime() - killed);
            assertThat(third.child().alive()).isTrue();
            // Twice as long, for a machine that has become busy meanwhile, and half of what the wait was.
            assertThat(afterKill).isLessThan(afterPeace.multipliedBy(2).plusSeconds(5));
        }
    }

    /** A broker's starter can end it at any point of its start, which takes seconds. */
    @Test
    void isOwnedAndEndsBeforeItServes() throws Exception {
        KafkaProcess kafka = KafkaProcess.launch(settings(Ports.free(2)));
        try (kafka) {
            assertThat(kafka.child().alive()).isTrue();
            assertThat(kafka.ready()).as("it has only just been started").isFalse();
            assertThat(kafka.exitStatus()).isEmpty();
        }
        assertThat(kafka.child().alive()).isFalse();
        assertThat(kafka.exitStatus()).isPresent();
    }

    @Test
    void saysWhichPortIsTaken() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            int free = Ports.free(1).getFirst();
            assertThatThrownBy(() -> KafkaProcess.start(settings(List.of(other.getLocalPort(), free))))
                    .isInstanceOf(StackException.class)
                    .hasMessageContaining("127.0.0.1:" + other.getLocalPort())
                    .hasMessageContaining("taken");
        }
    }

    @Test
    void showsItsLogWhenItEndsBeforeItServes() throws Exception {
        KafkaProcess.Settings settings = settings(Ports.free(2));
        Files.createDirectories(settings.folder());
        Files.writeString(settings.folder().resolve("data"), "a file where a folder should be");
        assertThatThrownBy(() -> KafkaProcess.start(settings))
                .isInstanceOf(StackException.class)
                .hasMessageContaining("ended with status")
                .hasMessageContaining("kafka.log")
                .hasMessageContaining(settings.folder().resolve("data").toString());
    }

    @Test
    void asksForTheLoginItWasGivenOnBothPorts() throws Exception {
        Login login = new Login("baton", Login.randomPassword());
        try (KafkaProcess kafka = KafkaProcess.start(settings(Ports.free(2), login))) {
            try (Admin admitted = admin(kafka, kafka.clientProperties())) {
                admitted.createTopics(List.of(new NewTopic("prompts", 1, (short) 1)))
                        .all()
                        .get(20, TimeUnit.SECONDS);
                // The broker hears of a topic a moment after the controller has made it.
                long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
                Set<String> listed = Set.of();
                while (!listed.contains("prompts") && System.nanoTime() < end) {
                    listed = admitted.listTopics().names().get(20, TimeUnit.SECONDS);
                }
                assertThat(listed).contains("prompts");
            }
            try (Admin wrong = admin(kafka, KafkaProcess.clientProperties(new Login("baton", "guessed")))) {
                assertThatThrownBy(() -> wrong.listTopics().names().get(20, TimeUnit.SECONDS))
                        .hasCauseInstanceOf(SaslAuthenticationException.class);
            }
            try (Admin stranger = admin(kafka, Map.of())) {
                assertThatThrownBy(() -> stranger.listTopics().names().get(20, TimeUnit.SECONDS))
                        .hasCauseInstanceOf(org.apache.kafka.common.errors.TimeoutException.class);
            }
            try (Admin stranger = Admin.create(Map.of(
                    "bootstrap.controllers",
                    "127.0.0.1:" + controllerPort,
                    "default.api.timeout.ms",
                    "3000",
                    "request.timeout.ms",
                    "2000"))) {
                assertThatThrownBy(() ->
                                stranger.describeMetadataQuorum().quorumInfo().get(20, TimeUnit.SECONDS))
                        .hasCauseInstanceOf(org.apache.kafka.common.errors.TimeoutException.class);
            }
            Path written = folder.resolve("kafka/server.properties");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(written)))
                    .isEqualTo("rw-------");
            // The JDK's own list is cut off after a page, and a class path of long names is longer.
            assertThat(Files.readString(
                            Path.of("/proc/" + kafka.child().pid() + "/cmdline"), StandardCharsets.ISO_8859_1))
                    .contains("java")
                    .doesNotContain(login.password());
        }
    }

    private KafkaProcess.Settings settings(List<Integer> ports) {
        return settings(ports, null);
    }

    private KafkaProcess.Settings settings(List<Integer> ports, @Nullable Login login) {
        controllerPort = ports.get(1);
        return new KafkaProcess.Settings(
                ports.get(0),
                ports.get(1),
                folder.resolve("kafka"),
                folder.resolve("kafka.log"),
                login,
                Duration.ofSeconds(60));
    }

    private static Admin admin(KafkaProcess kafka) {
        return Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers(), "request.timeout.ms", "20000"));
    }

    /** Gives up soon: a broker does not tell a stranger that it is one. */
    private static Admin admin(KafkaProcess kafka, Map<String, String> properties) {
        Map<String, Object> all = new HashMap<>(properties);
        all.putAll(Map.of(
                "bootstrap.servers", kafka.bootstrapServers(),
                "default.api.timeout.ms", "10000",
                "request.timeout.ms", "5000"));
        return Admin.create(all);
    }
}
