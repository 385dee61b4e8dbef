package dev.baton.config;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

final class OpenPortsAnalyzer extends AbstractFailureAnalyzer<OpenPortsException> {
    @Override
    protected FailureAnalysis analyze(Throwable root, OpenPortsException cause) {
        return new FailureAnalysis(
                "This role would listen beyond loopback (" + String.join(", ", cause.addresses())
                        + "), but baton.cluster.secret is empty: anyone who reaches its ports could act as a"
                        + " part of this cluster.",
                "Set the same baton.cluster.secret of at least 16 characters on all gateways and workers, or these"
                        + " addresses to 127.0.0.1.",
                cause);
    }
}
