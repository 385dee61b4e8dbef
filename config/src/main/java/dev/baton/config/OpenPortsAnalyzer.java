package dev.baton.config;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

final class OpenPortsAnalyzer extends AbstractFailureAnalyzer<OpenPortsException> {
    @Override
    protected FailureAnalysis analyze(Throwable root, OpenPortsException cause) {
        return new FailureAnalysis(String.valueOf(cause.getMessage()), cause.remedy(), cause);
    }
}
