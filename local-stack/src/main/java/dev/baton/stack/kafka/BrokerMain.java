package dev.baton.stack.kafka;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/** Formats the storage when it is new, runs a broker that is its own controller, and writes a file once it serves. */
final class BrokerMain {
    private BrokerMain() {}

    /** Arguments: the broker's properties file; the file to create once the broker serves. */
    public static void main(String[] args) throws Exception {
        Properties properties = read(Path.of(args[0]));
        Path ready = Path.of(args[1]);
        Path logs = Path.of(properties.getProperty("log.dirs"));
        if (Files.notExists(logs.resolve("meta.properties"))) {
            format(properties, logs);
        }
        KafkaRaftServer server = new KafkaRaftServer(KafkaConfig.fromProps(properties), Time.SYSTEM);
        CountDownLatch stop = new CountDownLatch(1);
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stop.countDown();
            try {
                stopped.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        server.startup();
        Files.createFile(ready);
        stop.await();
        server.shutdown();
        server.awaitShutdown();
        stopped.countDown();
    }

    private static Properties read(Path file) throws IOException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        return properties;
    }

    private static void format(Properties properties, Path logs) throws Exception {
        Formatter formatter = new Formatter();
        formatter
                .setClusterId(Uuid.randomUuid().toString())
                .setNodeId(Integer.parseInt(properties.getProperty("node.id")))
                .setDirectories(java.util.List.of(logs.toString()))
                .setMetadataLogDirectory(logs.toString())
                .setControllerListenerName(properties.getProperty("controller.listener.names"))
                .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION);
        formatter.run();
    }
}
