package dev.baton.cluster.management;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.origin.Origin;
import org.springframework.context.ApplicationContext;
import org.springframework.core.env.PropertySource;

/** {@code /actuator/settings}: each setting under {@code baton} with the value in force and where it comes from. */
@Endpoint(id = "settings")
class SettingsEndpoint {
    private static final String HIDDEN = "******";
    private static final Pattern SECRET = Pattern.compile("secret|password|token$|(^|-)key$");
    private static final Pattern COMMAND_LINE = Pattern.compile("commandLineArgs|\"[^\"]*\" from property source.*");

    private final ApplicationContext context;

    SettingsEndpoint(ApplicationContext context) {
        this.context = context;
    }

    /**
     * A setting.
     *
     * @param value as it is in force; null: none. Secrets are not shown
     * @param origin the file and line, variable or argument that sets it; {@code default} when nothing does
     */
    public record Setting(@Nullable String value, String origin) {}

    @ReadOperation
    public Map<String, Map<String, Setting>> settings() {
        Map<String, Setting> settings = new TreeMap<>();
        for (Object group :
                context.getBeansWithAnnotation(ConfigurationProperties.class).values()) {
            ConfigurationProperties annotation = group.getClass().getAnnotation(ConfigurationProperties.class);
            if (annotation == null || !group.getClass().isRecord()) {
                continue;
            }
            String prefix = annotation.value().isEmpty() ? annotation.prefix() : annotation.value();
            if (prefix.startsWith("baton.")) {
                for (RecordComponent component : group.getClass().getRecordComponents()) {
                    String key = DataObjectPropertyName.toDashedForm(component.getName());
                    settings.put(prefix + "." + key, setting(prefix + "." + key, key, value(group, component)));
                }
            }
        }
        return Map.of("settings", settings);
    }

    private Setting setting(String name, String key, @Nullable Object value) {
        String origin = origin(ConfigurationPropertyName.of(name));
        if (value == null) {
            return new Setting(null, origin);
        }
        boolean empty = value.toString().isEmpty();
        boolean secret = SECRET.matcher(key).find();
        return new Setting(secret && !empty ? HIDDEN : value.toString(), origin);
    }

    private static @Nullable Object value(Object group, RecordComponent component) {
        try {
            component.getAccessor().setAccessible(true);
            return component.getAccessor().invoke(group);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("cannot read " + component, e);
        }
    }

    private String origin(ConfigurationPropertyName name) {
        for (ConfigurationPropertySource source : ConfigurationPropertySources.get(context.getEnvironment())) {
            ConfigurationProperty property = source.getConfigurationProperty(name);
            if (property != null) {
                Origin origin = property.getOrigin();
                String place =
                        source.getUnderlyingSource() instanceof PropertySource<?> known ? known.getName() : "unknown";
                return origin == null ? place : readable(origin.toString(), place);
            }
        }
        return "default";
    }

    private static String readable(String origin, String place) {
        Matcher plain = COMMAND_LINE.matcher(origin);
        return plain.matches() ? place : origin;
    }
}
