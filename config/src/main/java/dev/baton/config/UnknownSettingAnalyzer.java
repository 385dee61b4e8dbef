package dev.baton.config;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

final class UnknownSettingAnalyzer extends AbstractFailureAnalyzer<UnknownSettingException> {
    @Override
    protected FailureAnalysis analyze(Throwable root, UnknownSettingException cause) {
        return new FailureAnalysis(
                "These settings are not known: " + String.join(", ", cause.names()) + ".",
                "Correct or remove them. Groups under 'baton' are: " + String.join(", ", cause.groups()) + ".",
                cause);
    }
}
