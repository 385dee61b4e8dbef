package dev.baton.stack;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Properties;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * A broker that is its own controller, in a JVM of its own, listening on 127.0.0.1 only. Its jars lie in a folder
 * {@code kafka-libs} beside this module's classes or jar (or where {@code baton.kafka.libs} points) and are on no other
 * class path.
 *
 * <p>The first broker that is stopped in peace leaves a JVM start-up cache beside its jars, which makes later starts two
 * to three times faster.
 */
public final class KafkaProcess implements StackProcess {
    private static final String NAME = "kafka";
    private static final String MECHANISM = "PLAIN";
    private static final Duration GRACE = Duration.ofSeconds(20);

    /**
     * @param port clients
     * @param controllerPort the broker's own, not for clients
     * @param folder data, properties; kept over restarts
     * @param login what both ports ask for, by SASL/PLAIN; null: nothing
     * @param readyWithin after this the broker is given up and ended
     */
    public record Settings(
            int port,
            int controllerPort,
            Path folder,
            Path log,
            @Nullable Login login,
            Duration readyWithin) {
        public Settings {
            if (port == controllerPort) {
                throw new IllegalArgumentException("Kafka's client and controller ports are both " + port);
            }
            folder = folder.toAbsolutePath();
            log = log.toAbsolutePath();
        }
    }

    private final Settings settings;
    private final Process process;
    private final ChildProcess child;
    private final StartupCache cache;

    private KafkaProcess(Settings settings, Process process, StartupCache cache) {
        this.settings = settings;
        this.process = process;
        this.child = ChildProcess.of(NAME, process);
        this.cache = cache;
    }

    /** Starts a broker and returns once it serves. */
    public static KafkaProcess start(Settings settings) {
        KafkaProcess kafka = launch(settings);
        kafka.awaitReady();
        return kafka;
    }

    /** Starts a broker and returns at once: it serves when {@link #ready} says so. */
    public static KafkaProcess launch(Settings settings) {
        for (int port : new int[] {settings.port(), settings.controllerPort()}) {
            if (!Ports.isFree(port)) {
                throw new StackException("Kafka cannot listen on 127.0.0.1:" + port
                        + ": the port is taken. Choose another, or end what listens there.");
            }
        }
        Path folder = ProcessLauncher.privateFolder(settings.folder());
        Path ready = readyFile(settings);
        Path properties = folder.resolve("server.properties");
        try {
            Files.createDirectories(settings.log().getParent());
            Files.deleteIfExists(ready);
            write(properties, settings);
        } catch (IOException e) {
            throw new StackException("Kafka's folder " + folder + " cannot be written", e);
        }
        List<Path> jars = jars();
        StartupCache cache = StartupCache.of(jars);
        Process process = ProcessLauncher.start(NAME, command(jars, cache, properties, ready), folder, settings.log());
        return new KafkaProcess(settings, process, cache);
    }

    private static Path readyFile(Settings settings) {
        return settings.folder().resolve("ready");
    }

    /** Returns once it serves; ends it and throws when that takes too long. */
    public void awaitReady() {
        ProcessLauncher.awaitReady(NAME, process, settings.log(), settings.readyWithin(), this::ready);
    }

    @Override
    public ChildProcess child() {
        return child;
    }

    @Override
    public boolean ready() {
        return Files.exists(readyFile(settings));
    }

    @Override
    public OptionalInt exitStatus() {
        return ProcessLauncher.exitStatus(process);
    }

    @Override
    public Path log() {
        return settings.log();
    }

    @Override
    public String lastWords() {
        return ProcessLauncher.tail(settings.log());
    }

    public String bootstrapServers() {
        return "127.0.0.1:" + settings.port();
    }

    /** What a client needs to be let in, by Kafka's names; empty when nothing is asked for. */
    public Map<String, String> clientProperties() {
        return clientProperties(settings.login());
    }

    /** What a client of a broker with this login needs, by Kafka's names. */
    public static Map<String, String> clientProperties(@Nullable Login login) {
        return login == null
                ? Map.of()
                : Map.of(
                        "security.protocol",
                        "SASL_PLAINTEXT",
                        "sasl.mechanism",
                        MECHANISM,
                        "sasl.jaas.config",
                        credentials(login) + ";");
    }

    private static String credentials(Login login) {
        return "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"%s\" password=\"%s\""
                .formatted(login.user(), login.password());
    }

    /**
     * Stops it gracefully, and kills it when that takes too long. A broker that does not serve yet is killed: it has
     * nothing to lose, and heeds no request before its start is over.
     */
    @Override
    public void close() {
        if (ready()) {
            child.stop(GRACE);
        } else {
            child.kill();
        }
        cache.keep();
    }

    /** kill -9: what a test does to a broker. */
    public void kill() {
        child.kill();
    }

    private static List<String> command(List<Path> jars, StartupCache cache, Path properties, Path ready) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC"));
        command.addAll(C1Options.ALL);
        command.add("-XX:-UsePerfData");
        command.addAll(cache.options());
        command.addAll(List.of(
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Dorg.slf4j.simpleLogger.showDateTime=true",
                "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(List.of(
                "-cp",
                String.join(
                        java.io.File.pathSeparator,
                        jars.stream().map(Path::toString).toList())));
        command.addAll(List.of("dev.baton.stack.kafka.BrokerMain", properties.toString(), ready.toString()));
        return command;
    }

    private static void write(Path file, Settings settings) throws IOException {
        Properties properties = new Properties();
        properties.setProperty("node.id", "1");
        properties.setProperty("process.roles", "broker,controller");
        properties.setProperty(
                "listeners",
                "CLIENT://127.0.0.1:" + settings.port() + ",CONTROLLER://127.0.0.1:" + settings.controllerPort());
        properties.setProperty("advertised.listeners", "CLIENT://127.0.0.1:" + settings.port());
        String protocol = settings.login() == null ? "PLAINTEXT" : "SASL_PLAINTEXT";
        properties.setProperty("listener.security.protocol.map", "CLIENT:" + protocol + ",CONTROLLER:" + protocol);
        if (settings.login() != null) {
            askFor(settings.login(), properties);
        }
        properties.setProperty("inter.broker.listener.name", "CLIENT");
        properties.setProperty("controller.listener.names", "CONTROLLER");
        properties.setProperty("controller.quorum.voters", "1@127.0.0.1:" + settings.controllerPort());
        properties.setProperty("log.dirs", settings.folder().resolve("data").toString());
        properties.setProperty("auto.create.topics.enable", "false");
        properties.setProperty("num.partitions", "1");
        properties.setProperty("offsets.topic.num.partitions", "1");
        for (String internal : List.of("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")) {
            properties.setProperty(internal + ".replication.factor", "1");
        }
        properties.setProperty("transaction.state.log.min.isr", "1");
        properties.setProperty("share.coordinator.state.topic.min.isr", "1");
        properties.setProperty("transaction.state.log.num.partitions", "1");
        properties.setProperty("share.coordinator.state.topic.num.partitions", "1");
        // One machine, a few small topics: fewer threads, small buffers.
        properties.setProperty("num.network.threads", "2");
        properties.setProperty("num.io.threads", "2");
        properties.setProperty("background.threads", "2");
        properties.setProperty("num.recovery.threads.per.data.dir", "1");
        properties.setProperty("log.cleaner.dedupe.buffer.size", "4194304");
        properties.setProperty("log.index.size.max.bytes", "262144");
        // Ceiling only: each topic sets its own limit, from the longest context.
        properties.setProperty("message.max.bytes", "134217728");
        properties.setProperty("group.initial.rebalance.delay.ms", "0");
        // A broker that was killed is not registered again before the session of its earlier life has ended. The time
        // is
        // also the longest pause between two tries; the defaults, 9 s and pauses that double up to it, make 11 s of it.
        properties.setProperty("broker.session.timeout.ms", "1400");
        properties.setProperty("broker.heartbeat.interval.ms", "250");
        Files.deleteIfExists(file);
        ProcessLauncher.privateFile(file);
        try (Writer writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
            properties.store(writer, "Written at each start; changes here are lost.");
        }
    }

    /** On both listeners: a client that reaches the controller could change the broker. */
    private static void askFor(Login login, Properties properties) {
        properties.setProperty("sasl.mechanism.inter.broker.protocol", MECHANISM);
        properties.setProperty("sasl.mechanism.controller.protocol", MECHANISM);
        String known = credentials(login) + " user_%s=\"%s\";".formatted(login.user(), login.password());
        for (String listener : List.of("client", "controller")) {
            properties.setProperty("listener.name." + listener + ".sasl.enabled.mechanisms", MECHANISM);
            properties.setProperty("listener.name." + listener + ".plain.sasl.jaas.config", known);
        }
    }

    private static List<Path> jars() {
        Path folder = libraries();
        if (!Files.isDirectory(folder)) {
            throw new StackException("Kafka's jars are not at " + folder
                    + ". Build the module local-stack (./mvnw -pl local-stack package), or set the system property"
                    + " baton.kafka.libs to the folder that holds them.");
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path libraries() {
        String named = System.getProperty("baton.kafka.libs");
        if (named != null) {
            return Path.of(named).toAbsolutePath();
        }
        try {
            Path code = Path.of(KafkaProcess.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return code.resolveSibling("kafka-libs").toAbsolutePath();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The JVM's ahead-of-time cache for exactly these jars and this JVM; absent until a broker has made it. */
    private record StartupCache(Path file, Path fresh) {
        static StartupCache of(List<Path> jars) {
            CRC32 crc = new CRC32();
            crc.update(Runtime.version().toString().getBytes(StandardCharsets.UTF_8));
            for (Path jar : jars) {
                try {
                    String identity = jar + " " + Files.size(jar) + " "
                            + Files.getLastModifiedTime(jar).toMillis();
                    crc.update(identity.getBytes(StandardCharsets.UTF_8));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
            Path folder = jars.getFirst().resolveSibling("startup");
            String name = Long.toHexString(crc.getValue());
            return new StartupCache(
                    folder.resolve(name + ".aot"),
                    folder.resolve(name + "." + ProcessHandle.current().pid() + "." + System.nanoTime() + ".new"));
        }

        List<String> options() {
            if (Files.exists(file)) {
                return List.of("-XX:AOTCache=" + file, "-Xlog:aot*=off", "-Xlog:cds*=off");
            }
            try {
                Files.createDirectories(file.getParent());
            } catch (IOException e) {
                return List.of();
            }
            return List.of("-XX:AOTCacheOutput=" + fresh, "-Xlog:aot*=off", "-Xlog:cds*=off");
        }

        /** Caches of jars or JVMs of earlier builds: 65 MB each, and of no more use. */
        private void removeOthers() throws IOException {
            try (Stream<Path> files = Files.list(file.getParent())) {
                for (Path other : files.filter(found -> found.toString().endsWith(".aot") && !found.equals(file))
                        .toList()) {
                    Files.delete(other);
                }
            }
        }

        void keep() {
            try {
                if (Files.exists(fresh)) {
                    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
                    removeOthers();
                }
                Files.deleteIfExists(Path.of(fresh + ".config"));
            } catch (IOException e) {
                // Without the cache the next start is slower, nothing else.
            }
        }
    }
}
