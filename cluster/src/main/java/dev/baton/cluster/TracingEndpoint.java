package dev.baton.cluster;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.AutoConfigurationImportFilter;
import org.springframework.boot.autoconfigure.AutoConfigurationMetadata;
import org.springframework.context.EnvironmentAware;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.util.StringUtils;

/**
 * Whether there is somewhere to send spans to. Without it nothing of tracing is set up, so that it costs no time at the start
 * and none later; an empty setting counts as none, as Compose hands on what is not set.
 */
final class TracingEndpoint implements AutoConfigurationImportFilter, EnvironmentAware, Condition {
    private static final String ENDPOINT = "management.opentelemetry.tracing.export.otlp.endpoint";
    private static final String[] PACKAGES = {
        "org.springframework.boot.micrometer.tracing.", "org.springframework.boot.opentelemetry."
    };

    private @Nullable Environment environment;

    @Override
    public void setEnvironment(Environment given) {
        environment = given;
    }

    private static boolean given(@Nullable Environment environment) {
        return environment != null && StringUtils.hasText(environment.getProperty(ENDPOINT));
    }

    @Override
    public boolean[] match(@Nullable String[] names, AutoConfigurationMetadata metadata) {
        boolean on = given(environment);
        boolean[] loaded = new boolean[names.length];
        for (int i = 0; i < names.length; i++) {
            loaded[i] = on || !ofTracing(names[i]);
        }
        return loaded;
    }

    private static boolean ofTracing(@Nullable String name) {
        for (String prefix : PACKAGES) {
            if (name != null && name.startsWith(prefix)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
        return given(context.getEnvironment());
    }
}
