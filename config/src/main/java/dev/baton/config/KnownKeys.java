package dev.baton.config;

import java.lang.reflect.RecordComponent;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * The keys under {@code baton} that mean something to this process, as names in files and as environment variables. A
 * group is open when this role does not bind it: another role checks what is in it.
 */
final class KnownKeys {
    private static final ConfigurationPropertyName ROOT = ConfigurationPropertyName.of("baton");
    private static final String VARIABLES = "BATON_";

    /** Variables of other programs that pass their environment on: compose files, {@code ./baton}, benches, clients. */
    private static final Set<String> VARIABLES_OF_OTHERS = Set.of(
            "BATON_API_KEY",
            "BATON_CPUS",
            "BATON_JAVA_OPTIONS",
            "BATON_KAFKA_PASSWORD",
            "BATON_KV_VOLUME",
            "BATON_LIBTORCH",
            "BATON_LISTEN",
            "BATON_LISTEN_1",
            "BATON_MANAGEMENT",
            "BATON_MEMORY_GATEWAY",
            "BATON_MEMORY_WORKER",
            "BATON_MODEL",
            "BATON_REDIS_PASSWORD",
            "BATON_RIVALS",
            "BATON_THREADS");

    /** What Kubernetes and Docker links add for a service whose name begins with "baton". */
    private static final Pattern VARIABLES_OF_SERVICES =
            Pattern.compile("BATON_\\w*?(_SERVICE_HOST|_SERVICE_PORT(_\\w+)?"
                    // A worker has ports of its own, which may be misspelt.
                    + "|_PORT_\\d+_(TCP|UDP)(_\\w+)?)|BATON_(?!WORKER_\\w*_PORT)\\w*_PORT");

    private final Set<String> groups = new TreeSet<>();
    private final Set<String> open = new HashSet<>();
    private final Set<ConfigurationPropertyName> names = new HashSet<>();
    private final Set<String> variables = new HashSet<>();

    /** @param otherRoles groups that other roles bind */
    KnownKeys(Set<String> otherRoles) {
        groups.addAll(otherRoles);
        open.addAll(otherRoles);
    }

    /** The keys of a group that this process binds. Several types may share a group, each with keys of its own. */
    void bound(String prefix, Class<?> type) {
        ConfigurationPropertyName start = ConfigurationPropertyName.of(prefix);
        String group = group(start);
        groups.add(group);
        if (!type.isRecord()) {
            open.add(group);
            return;
        }
        open.remove(group);
        for (RecordComponent component : type.getRecordComponents()) {
            String key = DataObjectPropertyName.toDashedForm(component.getName());
            names.add(start.append(key));
            // Spring reads a dash as an underscore, or leaves it out.
            variables.add(capitals(prefix + "_" + key));
            variables.add(capitals(prefix + "_" + key.replace("-", "")));
        }
    }

    /** All groups, for messages. */
    Set<String> groups() {
        return groups;
    }

    /** Whether a key of a file or of the command line means something; true for keys outside {@code baton}. */
    boolean knows(ConfigurationPropertyName name) {
        return !ROOT.isAncestorOf(name)
                || open.contains(group(name))
                || names.contains(name)
                || names.stream().anyMatch(known -> known.isAncestorOf(name));
    }

    /** Whether an environment variable means something; true for those that do not begin with {@code BATON_}. */
    boolean knowsVariable(String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        return !upper.startsWith(VARIABLES)
                || variables.contains(upper)
                || VARIABLES_OF_OTHERS.contains(upper)
                || open.stream().anyMatch(group -> upper.startsWith(VARIABLES + capitals(group) + "_"))
                || VARIABLES_OF_SERVICES.matcher(upper).matches();
    }

    private static String group(ConfigurationPropertyName name) {
        return name.getElement(1, ConfigurationPropertyName.Form.UNIFORM);
    }

    private static String capitals(String name) {
        return name.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
    }
}
