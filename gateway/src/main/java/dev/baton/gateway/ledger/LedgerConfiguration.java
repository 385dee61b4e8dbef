package dev.baton.gateway.ledger;

import dev.baton.cluster.ledger.UsageLedger;
import dev.baton.gateway.dispatch.UsageProperties;
import dev.baton.protocol.v1.GatewayRef;
import java.time.Clock;
import java.util.HexFormat;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Writes to the cluster's ledger. */
@Configuration(proxyBeanMethods = false)
class LedgerConfiguration {
    @Bean
    LedgerWriter ledgerWriter(UsageLedger ledger, GatewayRef gateway, UsageProperties settings, Clock clock) {
        String life = gateway.getId() + "|" + HexFormat.of().toHexDigits(gateway.getEpoch());
        return new LedgerWriter((day, sums) -> ledger.write(day, life, sums, settings.keep()), clock);
    }
}
