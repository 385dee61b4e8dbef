package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.cli.up.LocalStack;
import dev.baton.cli.up.StackEnvironment;
import dev.baton.cli.up.StackPlan;
import dev.baton.stack.Ports;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.Reader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@code ./baton up} starts beside the roles: its Redis and its Kafka refuse clients without a password. */
@Timeout(300)
class StackCredentialsIT {
    private static final Path STATE = Path.of("target/stack/credentials").toAbsolutePath();

    @Test
    void redisAndKafkaOfARunningStackRefuseAClientWithoutCredentials() throws Exception {
        assertThat(System.getenv("REDIS_URL"))
                .as("with REDIS_URL up starts no Redis of its own")
                .isNull();
        StackPlan plan = new StackPlan(RunningBaton.MODEL, 1, 1, Ports.free(1).getFirst(), 64, 1, List.of(), List.of());
        StackEnvironment place =
                new StackEnvironment(RunningBaton.HOME, STATE, Optional.empty(), Optional.empty(), false);
        try (LocalStack stack = LocalStack.start(place, plan, line -> {});
                GatewayCalls calls = new GatewayCalls(stack.url())) {
            assertThat(calls.text(stack.url().resolve("/v1/models"))).contains("demo");
            Properties secrets = properties(STATE.resolve("credentials"));
            redisRefuses(secrets.getProperty("redis.password"));
            kafkaRefuses();
            nobodySeesThemInAListOfProcesses(secrets);
        }
        assertThat(STATE.resolve("credentials")).doesNotExist();
    }

    private static void redisRefuses(String password) throws Exception {
        String port = Files.readAllLines(STATE.resolve("redis/redis.conf")).stream()
                .filter(line -> line.startsWith("port "))
                .findFirst()
                .orElseThrow()
                .substring("port ".length());
        try (Socket socket = new Socket("127.0.0.1", Integer.parseInt(port))) {
            socket.setSoTimeout(5_000);
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            assertThat(ask(socket, in, "SMEMBERS baton:workers")).startsWith("-NOAUTH");
            assertThat(ask(socket, in, "AUTH guessed")).startsWith("-WRONGPASS");
            assertThat(ask(socket, in, "AUTH " + password)).isEqualTo("+OK");
            assertThat(ask(socket, in, "EXISTS baton:workers")).isEqualTo(":1");
        }
    }

    private static String ask(Socket socket, BufferedReader in, String line) throws Exception {
        socket.getOutputStream().write((line + "\r\n").getBytes(StandardCharsets.UTF_8));
        return in.readLine();
    }

    private static void kafkaRefuses() throws Exception {
        Properties broker = properties(STATE.resolve("kafka/server.properties"));
        String address = broker.getProperty("advertised.listeners").replace("CLIENT://", "");
        try (Admin stranger = Admin.create(Map.of(
                "bootstrap.servers", address, "default.api.timeout.ms", "10000", "request.timeout.ms", "5000"))) {
            assertThatThrownBy(() -> stranger.listTopics().names().get(30, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(org.apache.kafka.common.errors.TimeoutException.class);
        }
        try (Admin admitted = Admin.create(Map.of(
                "bootstrap.servers",
                address,
                "security.protocol",
                "SASL_PLAINTEXT",
                "sasl.mechanism",
                "PLAIN",
                "sasl.jaas.config",
                "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"baton\" password=\"%s\";"
                        .formatted(properties(STATE.resolve("credentials")).getProperty("kafka.password"))))) {
            assertThat(admitted.listTopics().names().get(30, TimeUnit.SECONDS)).contains("baton.prefill");
        }
    }

    private static void nobodySeesThemInAListOfProcesses(Properties secrets) {
        List<String> commands = ProcessHandle.current()
                .descendants()
                .map(UpProcess::commandOf)
                .filter(command -> !command.isEmpty())
                .toList();
        assertThat(commands).as("the parts are children of this process").hasSizeGreaterThanOrEqualTo(5);
        for (String name : List.of("cluster.secret", "redis.password", "kafka.password")) {
            assertThat(commands).noneMatch(command -> command.contains(secrets.getProperty(name)));
        }
    }

    private static Properties properties(Path file) throws Exception {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        return properties;
    }
}
