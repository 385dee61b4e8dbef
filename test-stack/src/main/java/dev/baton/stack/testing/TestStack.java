package dev.baton.stack.testing;

import dev.baton.stack.ChildProcess;
import dev.baton.stack.KafkaProcess;
import dev.baton.stack.ParentDeathGuard;
import dev.baton.stack.Ports;
import dev.baton.stack.RedisProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * One Kafka and one Redis for all tests of this JVM: containers where Docker answers and has the images, else child
 * processes. Each starts when first asked for and ends with the JVM, however that ends.
 */
public final class TestStack {
    /** What the parts run as. */
    enum Kind {
        CONTAINERS,
        CHILD_PROCESSES
    }

    private static final Duration READY_WITHIN = Duration.ofSeconds(90);
    static final String KAFKA_IMAGE = "apache/kafka:4.2.1";
    static final String REDIS_IMAGE = "redis:7.4.9-alpine";

    private static final class Shared {
        static final TestStack STACK = new TestStack(Docker.answers() ? Kind.CONTAINERS : Kind.CHILD_PROCESSES);
    }

    private Kind kind;
    private @Nullable String kafka;
    private @Nullable URI redis;
    private @Nullable Path folder;

    private TestStack(Kind kind) {
        this.kind = kind;
    }

    public static TestStack shared() {
        return Shared.STACK;
    }

    /** Kafka's bootstrap servers. */
    public synchronized String kafka() {
        if (kafka == null) {
            kafka = contained(TestStack::kafkaContainer).orElseGet(this::kafkaProcess);
        }
        return kafka;
    }

    /** Redis' URL, {@code redis://host:port}; {@code REDIS_URL} when that is set. */
    public synchronized URI redis() {
        if (redis == null) {
            redis = RedisProcess.given(System.getenv())
                    .or(() -> contained(TestStack::redisContainer))
                    .orElseGet(this::redisProcess);
        }
        return redis;
    }

    synchronized void count() {
        StackUsage.count(kind);
    }

    /** Empty when there are no containers to be had; from then on everything is a child process. */
    private <T> Optional<T> contained(Supplier<T> start) {
        if (kind == Kind.CHILD_PROCESSES) {
            return Optional.empty();
        }
        try {
            return Optional.of(start.get());
        } catch (RuntimeException e) {
            System.getLogger(TestStack.class.getName())
                    .log(
                            System.Logger.Level.WARNING,
                            "Docker answers but starts no container, so the tests use child processes: {0}",
                            e.getMessage());
            kind = Kind.CHILD_PROCESSES;
            return Optional.empty();
        }
    }

    private static String kafkaContainer() {
        KafkaContainer container = new KafkaContainer(DockerImageName.parse(KAFKA_IMAGE))
                .withEnv("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
                .withEnv("KAFKA_MESSAGE_MAX_BYTES", "134217728")
                .withStartupTimeout(READY_WITHIN);
        container.start();
        atExit(container::stop);
        return container.getBootstrapServers();
    }

    private static URI redisContainer() {
        GenericContainer<?> container = new GenericContainer<>(DockerImageName.parse(REDIS_IMAGE))
                .withExposedPorts(6379)
                .withCommand("redis-server", "--save", "", "--appendonly", "no")
                .withStartupTimeout(READY_WITHIN);
        container.start();
        atExit(container::stop);
        return URI.create("redis://" + container.getHost() + ":" + container.getMappedPort(6379));
    }

    private String kafkaProcess() {
        List<Integer> ports = ports(2);
        Path place = folder().resolve("kafka");
        KafkaProcess process = KafkaProcess.launch(new KafkaProcess.Settings(
                ports.get(0), ports.get(1), place, folder().resolve("kafka.log"), null, READY_WITHIN));
        tie(process.child());
        atExit(process::kill);
        process.awaitReady();
        return process.bootstrapServers();
    }

    private URI redisProcess() {
        RedisProcess process = RedisProcess.launch(new RedisProcess.Settings(
                ports(1).getFirst(), folder().resolve("redis"), folder().resolve("redis.log"), null, READY_WITHIN));
        tie(process.child());
        atExit(process::kill);
        process.awaitReady();
        return process.url();
    }

    private static void tie(ChildProcess child) {
        try {
            ParentDeathGuard.guard(child);
        } catch (IOException e) {
            child.kill();
            throw new UncheckedIOException(e);
        }
    }

    private static List<Integer> ports(int count) {
        try {
            return Ports.free(count);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path folder() {
        if (folder == null) {
            try {
                Path made = Files.createTempDirectory("baton-test-stack");
                folder = made;
                Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(made)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return folder;
    }

    private static void atExit(Runnable end) {
        Runtime.getRuntime().addShutdownHook(new Thread(end));
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException | UncheckedIOException e) {
            // A temporary folder: the system clears it.
        }
    }
}
