package dev.baton.config;

import java.util.List;
import java.util.stream.Collectors;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

final class UnknownSettingAnalyzer extends AbstractFailureAnalyzer<UnknownSettingException> {
    @Override
    protected FailureAnalysis analyze(Throwable root, UnknownSettingException cause) {
        List<String> retired = cause.names().stream()
                .filter(name -> RetiredKeys.adviceFor(name).isPresent())
                .toList();
        String advice = retired.stream()
                .map(name ->
                        name + " was retired: " + RetiredKeys.adviceFor(name).orElseThrow() + ". ")
                .collect(Collectors.joining());
        String groups = "Groups under 'baton' are: " + String.join(", ", cause.groups()) + ".";
        return new FailureAnalysis(
                "These settings are not known: " + String.join(", ", cause.names()) + ".",
                advice + (retired.size() == cause.names().size() ? "" : "Correct or remove them. " + groups),
                cause);
    }
}
