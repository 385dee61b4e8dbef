package dev.baton.config;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * The check for misspelt keys under {@code baton}, in files, on the command line and in the environment. Spring's own
 * check allows one type per group and passes over the environment, which is all that configures a container. Each module
 * declares its groups by binding them. System properties are left alone.
 */
final class UnknownSettings {
    /** Groups that not every role binds. One file may serve all roles, and none has the others' classes. */
    private static final Set<String> GROUPS_OF_ROLES =
            Set.of("gateway", "http", "quotas", "dispatch", "usage", "resume", "worker", "engine", "kv", "transfer");

    private static final Set<String> SHARED_SOURCES = Set.of(
            StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
            StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME);

    /** Spring names a bean of bound settings by its prefix and its class. */
    private static final Pattern BOUND = Pattern.compile("(baton\\.[a-z.-]+?)-dev\\.baton\\..+");

    private UnknownSettings() {}

    /** @param typeOf of a bean of that name */
    static void check(
            ConfigurableEnvironment environment,
            Stream<String> beanNames,
            Function<String, @Nullable Class<?>> typeOf) {
        KnownKeys keys = new KnownKeys(GROUPS_OF_ROLES);
        beanNames.map(BOUND::matcher).filter(Matcher::lookingAt).forEach(bound -> {
            Class<?> type = typeOf.apply(bound.group());
            if (type != null) {
                keys.bound(bound.group(1), type);
            }
        });
        TreeSet<String> unknown = new TreeSet<>();
        variables(environment).filter(name -> !keys.knowsVariable(name)).forEach(unknown::add);
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
            if (source instanceof IterableConfigurationPropertySource listed && !shared(source)) {
                listed.stream().filter(name -> !keys.knows(name)).forEach(name -> unknown.add(name.toString()));
            }
        }
        if (!unknown.isEmpty()) {
            throw new UnknownSettingException(List.copyOf(unknown), keys.groups());
        }
    }

    private static Stream<String> variables(ConfigurableEnvironment environment) {
        PropertySource<?> source =
                environment.getPropertySources().get(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);
        return source instanceof EnumerablePropertySource<?> listed
                ? Arrays.stream(listed.getPropertyNames())
                : Stream.empty();
    }

    private static boolean shared(ConfigurationPropertySource source) {
        return source.getUnderlyingSource() instanceof PropertySource<?> origin
                && SHARED_SOURCES.contains(origin.getName());
    }
}
