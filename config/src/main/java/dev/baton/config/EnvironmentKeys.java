package dev.baton.config;

import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;

/**
 * Which environment variables that begin with {@code BATON_} mean something. Spring binds those that it knows and passes
 * over the rest, so that a misspelt one would leave a setting at its default without a word.
 */
final class EnvironmentKeys {
    private static final String ROOT = "BATON_";

    /** Read by other parts, which hand their environment on: compose files, {@code ./baton}, the benches, clients. */
    private static final Set<String> OF_OTHERS = Set.of(
            "BATON_API_KEY",
            "BATON_KV_VOLUME",
            "BATON_LISTEN",
            "BATON_MANAGEMENT",
            "BATON_MODEL",
            "BATON_RIVALS",
            "BATON_THREADS");

    /** What Kubernetes and Docker links add for a service whose name begins with "baton". */
    private static final Pattern OF_SERVICES = Pattern.compile("BATON_\\w*?(_SERVICE_HOST|_SERVICE_PORT(_\\w+)?"
            // A worker has ports of its own, which may be misspelt.
            + "|_PORT_\\d+_(TCP|UDP)(_\\w+)?)|BATON_(?!WORKER_\\w*_PORT)\\w*_PORT");

    private final Set<String> known = new TreeSet<>();
    private final Set<String> open = new TreeSet<>();

    /** A group of which this role knows no keys: what is in it is another role's. */
    void group(String group) {
        open.add(ROOT + capitals(group) + "_");
    }

    /** The keys of a bound group, as Spring reads them: dashes are underscores, or left out. */
    void bound(String prefix, Class<?> type) {
        String start = capitals(prefix) + "_";
        open.remove(start);
        if (!type.isRecord()) {
            open.add(start);
            return;
        }
        for (RecordComponent component : type.getRecordComponents()) {
            String key = DataObjectPropertyName.toDashedForm(component.getName());
            known.add(start + capitals(key));
            known.add(start + capitals(key.replace("-", "")));
        }
    }

    /** Those of the variables that nobody reads. */
    Set<String> unknown(List<String> variables) {
        TreeSet<String> unknown = new TreeSet<>();
        for (String name : variables) {
            String upper = name.toUpperCase(Locale.ROOT);
            if (upper.startsWith(ROOT) && !isKnown(upper)) {
                unknown.add(name);
            }
        }
        return unknown;
    }

    private boolean isKnown(String name) {
        return known.contains(name)
                || OF_OTHERS.contains(name)
                || open.stream().anyMatch(name::startsWith)
                || OF_SERVICES.matcher(name).matches();
    }

    private static String capitals(String name) {
        return name.replace('.', '_').replace('-', '_').toUpperCase(Locale.ROOT);
    }
}
