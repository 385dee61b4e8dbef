package dev.baton.config;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * Finds keys under {@code baton} that belong to no group. Keys inside a group are checked by Spring when the group is
 * bound, except those in the environment, which are checked here: containers are configured by nothing else. System
 * properties are left alone.
 */
final class UnknownSettings {
    private static final ConfigurationPropertyName ROOT = ConfigurationPropertyName.of("baton");

    /** Groups of all roles, since one file may serve them all. */
    private static final Set<String> GROUPS = Set.of(
            "cluster",
            "model",
            "lanes",
            "registry",
            "stream",
            "limits",
            "worker",
            "gateway",
            "http",
            "dispatch",
            "engine",
            "kv",
            "transfer");

    private static final Set<String> SHARED_SOURCES = Set.of(
            StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
            StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME);

    /** Spring names a bean of bound settings by its prefix and its class. */
    private static final Pattern BOUND = Pattern.compile("(baton\\.([a-z-]+?)(?:\\.[a-z.-]+)?)-dev\\.baton\\..+");

    private UnknownSettings() {}

    /** @param typeOf of a bean of that name */
    static void check(
            ConfigurableEnvironment environment,
            Stream<String> beanNames,
            Function<String, @Nullable Class<?>> typeOf) {
        TreeSet<String> groups = new TreeSet<>(GROUPS);
        EnvironmentKeys keys = new EnvironmentKeys();
        GROUPS.forEach(keys::group);
        beanNames.map(BOUND::matcher).filter(Matcher::lookingAt).forEach(bound -> {
            groups.add(bound.group(2));
            Class<?> type = typeOf.apply(bound.group());
            if (type != null) {
                keys.bound(bound.group(1), type);
            }
        });
        TreeSet<String> unknown = new TreeSet<>(keys.unknown(variables(environment)));
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            if (source instanceof IterableConfigurationPropertySource listed && !shared(source)) {
                listed.stream()
                        .filter(name -> ROOT.isAncestorOf(name) && !groups.contains(group(name)))
                        .forEach(name -> unknown.add(name.toString()));
            }
        }
        if (!unknown.isEmpty()) {
            throw new UnknownSettingException(List.copyOf(unknown), groups);
        }
    }

    private static List<String> variables(ConfigurableEnvironment environment) {
        PropertySource<?> source =
                environment.getPropertySources().get(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);
        return source instanceof EnumerablePropertySource<?> listed ? List.of(listed.getPropertyNames()) : List.of();
    }

    private static String group(ConfigurationPropertyName name) {
        return name.getElement(1, ConfigurationPropertyName.Form.UNIFORM);
    }

    private static boolean shared(ConfigurationPropertySource source) {
        return source.getUnderlyingSource() instanceof PropertySource<?> origin
                && SHARED_SOURCES.contains(origin.getName());
    }
}
