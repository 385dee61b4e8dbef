package dev.baton.cli.up;

import dev.baton.cli.CliException;
import dev.baton.stack.QuickJvm;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The command line of each role: its class path as the build wrote it, and the settings that make it part of this stack. */
final class Roles {
    static final String GATEWAY = "gateway";

    private static final SecureRandom RANDOM = new SecureRandom();

    private final StackPlace place;
    private final StackPlan plan;
    private final String kafka;
    private final URI redis;
    private final Path logs;
    private final Map<String, StartupCache> caches = new HashMap<>();
    private final Set<String> recorders = new HashSet<>();
    private final String secret =
            HexFormat.of().toHexDigits(RANDOM.nextLong()) + HexFormat.of().toHexDigits(RANDOM.nextLong());

    Roles(StackPlace place, StackPlan plan, String kafka, URI redis) {
        this.place = place;
        this.plan = plan;
        this.kafka = kafka;
        this.redis = redis;
        this.logs = place.state().resolve("logs");
    }

    /** Workers first, the gateway last; one management port each. */
    List<Part> parts(List<Integer> managementPorts) {
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < plan.prefill(); i++) {
            parts.add(worker("prefill", i, managementPorts.get(parts.size())));
        }
        for (int i = 0; i < plan.decode(); i++) {
            parts.add(worker("decode", i, managementPorts.get(parts.size())));
        }
        parts.add(gateway(managementPorts.get(parts.size())));
        return parts;
    }

    /** All processes have ended. */
    void keepCaches() {
        caches.values().forEach(StartupCache::keep);
    }

    private Part worker(String role, int index, int managementPort) {
        String id = role + "-" + index;
        List<String> settings = shared();
        settings.add("--server.port=" + managementPort);
        settings.add("--baton.worker.id=" + id);
        settings.add("--baton.engine.threads=" + plan.threadsEach());
        settings.add("--baton.kv.memory=" + plan.kvMebibytes() + "MB");
        settings.addAll(plan.workerArgs());
        return part(role + "-worker", id, settings, managementPort);
    }

    private Part gateway(int managementPort) {
        List<String> settings = shared();
        settings.add("--server.port=" + plan.port());
        settings.add("--management.server.port=" + managementPort);
        settings.addAll(plan.gatewayArgs());
        return part("gateway", GATEWAY, settings, managementPort);
    }

    private List<String> shared() {
        return new ArrayList<>(List.of(
                "--baton.model.folder=" + plan.model(),
                "--baton.model.name=" + plan.modelName(),
                "--spring.kafka.bootstrap-servers=" + kafka));
    }

    private Part part(String module, String name, List<String> settings, int managementPort) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx512m",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "-Dbaton.process=" + name,
                "-Dbaton.state=" + place.state()));
        command.addAll(QuickJvm.OPTIONS);
        String classPath = classPath(module);
        StartupCache cache = caches.computeIfAbsent(
                module, each -> StartupCache.of(place.home().resolve(each).resolve("target"), classPath));
        command.addAll(cache.options(place.records() && recorders.add(module)));
        command.add("-cp");
        command.add(classPath);
        command.add(mainClass(module));
        command.addAll(settings);
        // In the environment, not on the command line, where every user of the machine could read it.
        Map<String, String> secrets = Map.of("BATON_CLUSTER_SECRET", secret, "SPRING_DATA_REDIS_URL", redis.toString());
        return new Part(name, command, secrets, logs.resolve(name + ".log"), managementPort);
    }

    private String classPath(String module) {
        Path target = place.home().resolve(module).resolve("target");
        try {
            return target.resolve(module + "-0.1.0-SNAPSHOT.jar")
                    + java.io.File.pathSeparator
                    + Files.readString(target.resolve("runtime.classpath")).strip();
        } catch (IOException e) {
            throw new CliException(module + " is not built: run ./baton from its checkout, or ./mvnw package", e);
        }
    }

    private static String mainClass(String module) {
        return switch (module) {
            case "gateway" -> "dev.baton.gateway.GatewayApplication";
            case "prefill-worker" -> "dev.baton.prefill.PrefillWorkerApplication";
            case "decode-worker" -> "dev.baton.decode.DecodeWorkerApplication";
            default -> throw new IllegalArgumentException(module);
        };
    }
}
