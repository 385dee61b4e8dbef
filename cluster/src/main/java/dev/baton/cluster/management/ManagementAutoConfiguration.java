package dev.baton.cluster.management;

import dev.baton.config.ManagementProperties;
import dev.baton.config.SettingsAutoConfiguration;
import java.nio.file.Path;
import java.util.function.Predicate;
import org.springframework.boot.actuate.audit.AuditEventRepository;
import org.springframework.boot.actuate.audit.InMemoryAuditEventRepository;
import org.springframework.boot.actuate.autoconfigure.audit.AuditAutoConfiguration;
import org.springframework.boot.actuate.autoconfigure.web.server.ManagementPortType;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.security.web.server.WebFilterChainProxy;
import org.springframework.util.StringUtils;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

/** Puts the guard on the management port of a role, be it a server of its own or the role's only one. */
@AutoConfiguration(after = SettingsAutoConfiguration.class, before = AuditAutoConfiguration.class)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
@ConditionalOnClass(WebFilterChainProxy.class)
public class ManagementAutoConfiguration {
    private static final String MANAGEMENT = "management";
    private static final int MOST_EVENTS = 1_000;

    /** The latest changes, for {@code /actuator/auditevents}; all of them are in the log. */
    @Bean
    @ConditionalOnMissingBean
    AuditEventRepository auditEventRepository() {
        return new InMemoryAuditEventRepository(MOST_EVENTS);
    }

    @Bean
    SettingsEndpoint settingsEndpoint(ApplicationContext context) {
        return new SettingsEndpoint(context);
    }

    @Bean
    ManagementGuard managementGuard(
            ManagementProperties settings, Environment environment, ApplicationEventPublisher events) {
        Path file = settings.keys();
        String base = StringUtils.trimTrailingCharacter(
                environment.getProperty("management.endpoints.web.base-path", "/actuator"), '/');
        return new ManagementGuard(
                management(environment, base),
                base + "/health",
                file == null ? OperatorKeys.NONE : OperatorKeys.read(file),
                settings.secured(),
                new ChangeAudit(events));
    }

    /** On a server of its own every path belongs to it; else those below the endpoints' base path do. */
    private static Predicate<ServerWebExchange> management(Environment environment, String base) {
        if (ManagementPortType.get(environment) == ManagementPortType.DIFFERENT) {
            return exchange -> {
                ApplicationContext context = exchange.getApplicationContext();
                return WebServerApplicationContext.hasServerNamespace(context, MANAGEMENT);
            };
        }
        // The pattern is compared as the endpoints' own mapping does it: an encoded letter hides nothing.
        PathPattern endpoints = PathPatternParser.defaultInstance.parse(base + "/**");
        return exchange -> endpoints.matches(exchange.getRequest().getPath().pathWithinApplication());
    }
}
