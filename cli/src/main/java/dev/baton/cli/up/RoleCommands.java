package dev.baton.cli.up;

import dev.baton.cli.host.CliException;
import dev.baton.stack.C1Options;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The command line of each role: its class path as the build wrote it, and the settings that make it part of this stack. */
final class RoleCommands {
    static final String GATEWAY = "gateway";

    private final StackEnvironment environment;
    private final StackPlan plan;
    private final Map<String, String> secrets;
    private final String kafka;
    private final Path logs;
    private final Map<String, StartupCache> caches = new HashMap<>();
    private final Set<String> recorders = new HashSet<>();

    /**
     * @param secrets what the roles need to be let in, for their environment
     * @param kafka bootstrap servers
     */
    RoleCommands(StackEnvironment environment, StackPlan plan, Map<String, String> secrets, String kafka) {
        this.environment = environment;
        this.plan = plan;
        this.secrets = Map.copyOf(secrets);
        this.kafka = kafka;
        this.logs = environment.state().resolve("logs");
    }

    /** Workers first, gateways last; one management port each. */
    List<ProcessSpec> specs(List<Integer> managementPorts) {
        List<ProcessSpec> specs = new ArrayList<>();
        for (int i = 0; i < plan.prefill(); i++) {
            specs.add(worker("prefill", i, managementPorts.get(specs.size())));
        }
        for (int i = 0; i < plan.decode(); i++) {
            specs.add(worker("decode", i, managementPorts.get(specs.size())));
        }
        for (int i = 0; i < plan.gateways(); i++) {
            specs.add(gateway(i, managementPorts.get(specs.size())));
        }
        return specs;
    }

    /** All processes have ended. */
    void keepCaches() {
        caches.values().forEach(StartupCache::keep);
    }

    private ProcessSpec worker(String role, int index, int managementPort) {
        String id = role + "-" + index;
        List<String> settings = shared();
        settings.add("--server.port=" + managementPort);
        settings.add("--baton.worker.id=" + id);
        settings.add("--baton.engine.threads=" + plan.threadsEach());
        settings.add("--baton.kv.memory=" + plan.kvMebibytes() + "MB");
        return spec(role + "-worker", id, overridden(settings, plan.workerArgs()), managementPort);
    }

    private ProcessSpec gateway(int index, int managementPort) {
        List<String> settings = shared();
        settings.add("--server.port=" + (plan.port() + index));
        settings.add("--management.server.port=" + managementPort);
        if (plan.gateways() == 1) {
            // Nobody can go elsewhere meanwhile.
            settings.add("--baton.gateway.lame-duck=0s");
        }
        return spec("gateway", gatewayName(index), overridden(settings, plan.gatewayArgs()), managementPort);
    }

    /** The first has no number: most stacks have no other. */
    static String gatewayName(int index) {
        return index == 0 ? GATEWAY : GATEWAY + "-" + index;
    }

    /**
     * Arguments {@code --name=value} in which a later one of a name replaces an earlier one: Spring would join both values
     * with a comma.
     */
    static List<String> overridden(List<String> ours, List<String> given) {
        Map<String, String> byName = new LinkedHashMap<>();
        Stream.concat(ours.stream(), given.stream())
                .forEach(argument -> byName.put(argument.split("=", 2)[0], argument));
        return List.copyOf(byName.values());
    }

    private List<String> shared() {
        return new ArrayList<>(List.of(
                "--baton.model.folder=" + plan.model(),
                "--baton.model.name=" + plan.modelName(),
                "--spring.kafka.bootstrap-servers=" + kafka));
    }

    private ProcessSpec spec(String module, String name, List<String> settings, int managementPort) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx512m",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "-Dbaton.process=" + name,
                "-Dbaton.state=" + environment.state()));
        command.addAll(C1Options.ALL);
        String classPath = classPath(module);
        StartupCache cache = caches.computeIfAbsent(
                module, each -> StartupCache.of(environment.home().resolve(each).resolve("target"), classPath));
        command.addAll(cache.options(environment.records() && recorders.add(module)));
        command.add("-cp");
        command.add(classPath);
        command.add(mainClass(module));
        StackPlan.Part part = plan.part(name);
        command.addAll(overridden(settings, part.args()));
        Map<String, String> variables = new LinkedHashMap<>(secrets);
        variables.putAll(part.environment());
        return new ProcessSpec(name, command, variables, logs.resolve(name + ".log"), managementPort);
    }

    private String classPath(String module) {
        Path target = environment.home().resolve(module).resolve("target");
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
