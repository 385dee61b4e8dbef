package dev.baton.gateway.operations;

import dev.baton.cluster.ledger.UsageLedger;
import dev.baton.cluster.quotas.SharedQuotas;
import dev.baton.gateway.answer.SystemFingerprints;
import dev.baton.gateway.auth.Authenticator;
import dev.baton.gateway.dispatch.ClusterView;
import dev.baton.gateway.dispatch.DeadRequests;
import dev.baton.gateway.dispatch.RequestViews;
import dev.baton.gateway.quota.TenantQuotas;
import dev.baton.protocol.v1.GatewayRef;
import java.time.Clock;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The endpoints. */
@Configuration(proxyBeanMethods = false)
class OperationsConfiguration {
    @Bean
    WorkersEndpoint workersEndpoint(ClusterView cluster) {
        return new WorkersEndpoint(cluster);
    }

    @Bean
    RequestsEndpoint requestsEndpoint(RequestViews requests) {
        return new RequestsEndpoint(requests);
    }

    @Bean
    UsageEndpoint usageEndpoint(RequestViews requests, UsageLedger ledger, Clock clock) {
        return new UsageEndpoint(requests, ledger, clock);
    }

    @Bean
    QuotasEndpoint quotasEndpoint(Authenticator callers, TenantQuotas quotas, SharedQuotas shared) {
        return new QuotasEndpoint(callers, quotas, shared);
    }

    @Bean
    KvEndpoint kvEndpoint(ClusterView cluster, RequestViews requests) {
        return new KvEndpoint(cluster, requests);
    }

    @Bean
    TopologyEndpoint topologyEndpoint(GatewayRef gateway, ClusterView cluster) {
        return new TopologyEndpoint(gateway, cluster);
    }

    @Bean
    DeadLettersEndpoint deadLettersEndpoint(DeadRequests dead) {
        return new DeadLettersEndpoint(dead);
    }

    @Bean
    ModelsEndpoint modelsEndpoint(ClusterView cluster, SystemFingerprints answers) {
        return new ModelsEndpoint(cluster, answers);
    }
}
