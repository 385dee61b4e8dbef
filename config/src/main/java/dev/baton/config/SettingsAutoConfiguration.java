package dev.baton.config;

import java.util.Arrays;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnNotWebApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.ConfigurableEnvironment;

/** Binds the groups of all roles. A role binds its own groups itself. */
@AutoConfiguration
@EnableConfigurationProperties({
    ClusterProperties.class,
    ModelProperties.class,
    LaneProperties.class,
    RegistryProperties.class,
    StreamProperties.class,
    LimitProperties.class,
    ManagementProperties.class
})
public class SettingsAutoConfiguration {
    /** Runs before any bean is made, so that a misspelt group is named before anything that misses it. */
    @Bean
    static BeanFactoryPostProcessor unknownSettings(ConfigurableEnvironment environment) {
        return factory -> UnknownSettings.check(
                environment, Arrays.stream(factory.getBeanDefinitionNames()), name -> factory.getType(name, false));
    }

    /** Before any port is opened. */
    @Bean
    @ConditionalOnWebApplication
    static BeanFactoryPostProcessor openPorts(ConfigurableEnvironment environment) {
        return factory -> OpenPorts.check(environment, true);
    }

    @Bean
    @ConditionalOnNotWebApplication
    static BeanFactoryPostProcessor openPortsWithoutWeb(ConfigurableEnvironment environment) {
        return factory -> OpenPorts.check(environment, false);
    }
}
