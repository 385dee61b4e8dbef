package dev.baton.config;

import java.util.Arrays;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.ConfigurableEnvironment;

/** Binds the groups that every role has. A role binds its own ({@link WorkerSettings}, {@link GatewaySettings}) itself. */
@AutoConfiguration
@EnableConfigurationProperties({
    ClusterSettings.class,
    ModelSettings.class,
    LaneSettings.class,
    RegistrySettings.class,
    StreamSettings.class,
    LimitSettings.class
})
public class SettingsAutoConfiguration {
    /** Runs before any bean is made, so that a misspelt group is named before anything that misses it. */
    @Bean
    static BeanFactoryPostProcessor unknownSettings(ConfigurableEnvironment environment) {
        return factory -> UnknownSettings.check(
                environment, Arrays.stream(factory.getBeanDefinitionNames()), name -> factory.getType(name, false));
    }
}
