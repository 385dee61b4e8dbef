package dev.baton.gateway.quota;

import dev.baton.cluster.quotas.QuotaBook;
import dev.baton.cluster.quotas.SharedQuotas;
import dev.baton.protocol.v1.GatewayRef;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.HexFormat;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Builds the quotas on the cluster's Redis. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(QuotaProperties.class)
class QuotaConfiguration {
    @Bean
    SharedQuotas sharedQuotas(QuotaBook book, GatewayRef gateway, QuotaProperties settings) {
        String life = gateway.getId() + "|" + HexFormat.of().toHexDigits(gateway.getEpoch());
        return new SharedQuotas(book, new SharedQuotas.Terms(life, settings.lease(), settings.withoutRedis()));
    }

    @Bean
    TenantQuotas tenantQuotas(SharedQuotas shared, QuotaProperties settings, MeterRegistry meters) {
        return new TenantQuotas(shared, settings.limits(), meters);
    }
}
