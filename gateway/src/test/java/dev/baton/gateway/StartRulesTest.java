package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.config.SettingsAutoConfiguration;
import dev.baton.tokenizer.SpecialTokensInText;
import jakarta.validation.Validation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.validation.ValidationBindHandler;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.beanvalidation.SpringValidatorAdapter;

/** Settings, and the starts that are refused. */
class StartRulesTest {
    private static final SpringValidatorAdapter VALIDATOR =
            new SpringValidatorAdapter(Validation.buildDefaultValidatorFactory().getValidator());

    @TempDir
    private Path folder;

    private static HttpProperties bind(Map<String, String> settings) {
        return new Binder(new MapConfigurationPropertySource(settings))
                .bindOrCreate("baton.http", Bindable.of(HttpProperties.class), new ValidationBindHandler(VALIDATOR));
    }

    @Test
    void hasSafeDefaults() {
        assertThat(bind(Map.of()))
                .isEqualTo(new HttpProperties(
                        null,
                        Duration.ofSeconds(2),
                        "X-API-Key",
                        List.of(),
                        DataSize.ofMegabytes(4),
                        DataSize.ofMegabytes(64),
                        DataSize.ofBytes(Runtime.getRuntime().maxMemory() / 4),
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(30),
                        16,
                        SpecialTokensInText.TEXT,
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(60),
                        10_000,
                        5_000,
                        2,
                        256,
                        100));
    }

    @Test
    void takesEverySetting() {
        assertThat(bind(Map.ofEntries(
                        Map.entry("baton.http.api-keys", "/etc/keys"),
                        Map.entry("baton.http.api-keys-every", "9s"),
                        Map.entry("baton.http.key-header", "api-key"),
                        Map.entry("baton.http.cors-origins", "https://a.example,http://localhost:3000"),
                        Map.entry("baton.http.max-body", "1MB"),
                        Map.entry("baton.http.max-bodies", "2MB"),
                        Map.entry("baton.http.max-answers", "3MB"),
                        Map.entry("baton.http.head-timeout", "4s"),
                        Map.entry("baton.http.body-timeout", "5s"),
                        Map.entry("baton.http.max-choices", "4"),
                        Map.entry("baton.http.special-tokens-in-text", "refuse"),
                        Map.entry("baton.http.keep-alive", "3s"),
                        Map.entry("baton.http.stall-limit", "20s"),
                        Map.entry("baton.http.max-connections", "6"),
                        Map.entry("baton.http.max-connections-per-address", "5"),
                        Map.entry("baton.http.prepare-threads", "3"),
                        Map.entry("baton.http.prepare-queue", "7"),
                        Map.entry("baton.http.metric-tenants", "8"))))
                .isEqualTo(new HttpProperties(
                        Path.of("/etc/keys"),
                        Duration.ofSeconds(9),
                        "api-key",
                        List.of("https://a.example", "http://localhost:3000"),
                        DataSize.ofMegabytes(1),
                        DataSize.ofMegabytes(2),
                        DataSize.ofMegabytes(3),
                        Duration.ofSeconds(4),
                        Duration.ofSeconds(5),
                        4,
                        SpecialTokensInText.REFUSE,
                        Duration.ofSeconds(3),
                        Duration.ofSeconds(20),
                        6,
                        5,
                        3,
                        7,
                        8));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "keep-alive=16s",
                "api-keys-every=0s",
                "keep-alive=0s",
                "max-body=0B",
                "max-bodies=1MB",
                "max-answers=100KB",
                "body-timeout=-1s",
                "max-choices=0",
                "stall-limit=0s",
                "head-timeout=0s",
                "max-connections=0",
                "max-connections-per-address=0",
                "prepare-threads=0",
                "prepare-queue=0",
                "metric-tenants=-1"
            })
    void refusesWhatMakesNoSense(String setting) {
        String[] parts = setting.split("=");
        assertThatThrownBy(() -> bind(Map.of("baton.http." + parts[0], parts[1])))
                .isInstanceOf(BindException.class)
                .rootCause()
                .hasMessageContaining("baton.http." + parts[0]);
    }

    @Test
    void refusesToServeStrangersWithoutKeys() {
        assertThatThrownBy(() -> EdgeServer.start("--server.address=0.0.0.0").close())
                .hasRootCauseInstanceOf(StartRefused.class)
                .rootCause()
                .hasMessageContaining("server.address");
    }

    /** One file may serve all roles: the check must know these groups where their classes are not. */
    @Test
    void sharesAFileWithOtherRoles() {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SettingsAutoConfiguration.class))
                .withPropertyValues(
                        "baton.model.folder=/models/demo",
                        "baton.worker.listen-address=127.0.0.1",
                        "baton.http.max-body=1MB",
                        "baton.dispatch.mode=SPLIT",
                        "baton.quotas.concurrent=9",
                        "baton.usage.spool-max=1MB",
                        "baton.gateway.id=g")
                .run(context -> assertThat(context).hasNotFailed());
    }

    @Test
    void refusesAMisspeltSetting() {
        assertThatThrownBy(() -> EdgeServer.start("--baton.http.max-bodi=1MB").close())
                .hasStackTraceContaining("baton.http.max-bodi");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# none\n", "acme:1234\n", "acme " + "x\n"})
    void refusesAKeyFileThatHoldsNoKeys(String content) throws Exception {
        Path file = folder.resolve("keys");
        Files.writeString(file, content);
        assertThatThrownBy(
                        () -> EdgeServer.start("--baton.http.api-keys=" + file).close())
                .hasRootCauseInstanceOf(StartRefused.class)
                .rootCause()
                .hasMessageContaining(file.toString());
    }
}
