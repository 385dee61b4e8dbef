package dev.baton.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.util.unit.DataSize;

/** The defaults of each group, and that each key reaches its field. */
class SettingsTest {
    private static final String MODEL = "baton.model.folder=/models/demo";

    /** A group of one role, as a role's module binds it. */
    @ConfigurationProperties("baton.worker")
    record RoleProperties(String id, int tokenPort) {}

    @EnableConfigurationProperties(RoleProperties.class)
    static class Role {}

    @ConfigurationProperties("baton.extra.more")
    record ExtraProperties(String key) {}

    @EnableConfigurationProperties(ExtraProperties.class)
    static class Extra {}

    private final ApplicationContextRunner application = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SettingsAutoConfiguration.class))
            .withUserConfiguration(Role.class);

    @Test
    void haveTheseDefaults() {
        application.withPropertyValues(MODEL, "baton.worker.id=decode-0").run(context -> {
            assertThat(context).hasNotFailed();
            assertThat(context.getBean(ClusterProperties.class)).isEqualTo(new ClusterProperties("baton", "", null));
            assertThat(context.getBean(ModelProperties.class))
                    .isEqualTo(new ModelProperties(Path.of("/models/demo"), null, 0));
            assertThat(context.getBean(ModelProperties.class).servedName()).isEqualTo("demo");
            assertThat(context.getBean(LaneProperties.class))
                    .isEqualTo(new LaneProperties(
                            8, 1, Duration.ofHours(1), 131_072, 256, 3, false, seconds(2), seconds(30)));
            assertThat(context.getBean(RegistryProperties.class))
                    .isEqualTo(new RegistryProperties(
                            seconds(2), millis(200), millis(200), seconds(3), millis(500), seconds(60), seconds(1)));
            assertThat(context.getBean(StreamProperties.class))
                    .isEqualTo(new StreamProperties(
                            millis(50),
                            seconds(1),
                            millis(200),
                            seconds(1),
                            millis(10),
                            seconds(1),
                            seconds(60),
                            DataSize.ofMegabytes(64),
                            65_536));
            assertThat(context.getBean(LimitProperties.class))
                    .isEqualTo(new LimitProperties(
                            seconds(600), seconds(5), seconds(60), seconds(120), seconds(30), seconds(30)));
            assertThat(context.getBean(ManagementProperties.class)).isEqualTo(new ManagementProperties(null, true));
        });
    }

    @Test
    void takeEveryKey() {
        String keys = """
            baton.cluster.name=blue
            baton.cluster.secret=a secret of the tests
            baton.cluster.tls-bundle=blue-tls
            baton.model.folder=/m
            baton.model.name=n
            baton.model.max-context=4096
            baton.lanes.count=3
            baton.lanes.replicas=2
            baton.lanes.retention=2h
            baton.lanes.max-tokens=1000
            baton.lanes.outstanding=7
            baton.lanes.deliveries=9
            baton.lanes.dead-prompts=true
            baton.lanes.send-timeout=3s
            baton.lanes.start-timeout=4s
            baton.registry.worker-ttl=5s
            baton.registry.publish-every=1s
            baton.registry.poll-every=2s
            baton.registry.lease-ttl=6s
            baton.registry.lease-renew-every=3s
            baton.registry.request-margin=7s
            baton.registry.timeout=8s
            baton.stream.ping-every=20ms
            baton.stream.idle-ping-every=40ms
            baton.stream.suspect-after=100ms
            baton.stream.connect-timeout=2s
            baton.stream.retry-from=30ms
            baton.stream.retry-up-to=40ms
            baton.stream.keep-unacknowledged=9s
            baton.stream.max-unsent=1MB
            baton.stream.max-kept=11
            baton.limits.deadline=1m
            baton.limits.without-workers=9s
            baton.limits.queued=1s
            baton.limits.prefilling=2s
            baton.limits.handed-off=3s
            baton.limits.between-tokens=4s
            baton.management.keys=/etc/baton/operators
            baton.management.secured=false
            baton.worker.id=w
            """;
        application.withPropertyValues(keys.lines().toArray(String[]::new)).run(context -> {
            assertThat(context).hasNotFailed();
            assertThat(context.getBean(ClusterProperties.class))
                    .isEqualTo(new ClusterProperties("blue", "a secret of the tests", "blue-tls"));
            assertThat(context.getBean(ManagementProperties.class))
                    .isEqualTo(new ManagementProperties(Path.of("/etc/baton/operators"), false));
            assertThat(context.getBean(ModelProperties.class)).isEqualTo(new ModelProperties(Path.of("/m"), "n", 4096));
            assertThat(context.getBean(LaneProperties.class))
                    .isEqualTo(new LaneProperties(3, 2, Duration.ofHours(2), 1000, 7, 9, true, seconds(3), seconds(4)));
            assertThat(context.getBean(RegistryProperties.class))
                    .isEqualTo(new RegistryProperties(
                            seconds(5), seconds(1), seconds(2), seconds(6), seconds(3), seconds(7), seconds(8)));
            assertThat(context.getBean(StreamProperties.class))
                    .isEqualTo(new StreamProperties(
                            millis(20),
                            millis(40),
                            millis(100),
                            seconds(2),
                            millis(30),
                            millis(40),
                            seconds(9),
                            DataSize.ofMegabytes(1),
                            11));
            assertThat(context.getBean(LimitProperties.class))
                    .isEqualTo(new LimitProperties(
                            seconds(60), seconds(9), seconds(1), seconds(2), seconds(3), seconds(4)));
        });
    }

    @Test
    void refuseAShortSecretWithoutShowingIt() {
        application
                .withPropertyValues("baton.model.folder=/m", "baton.cluster.secret=pssst-hunter2")
                .run(context -> {
                    assertThat(context).hasFailed();
                    assertThat(context.getStartupFailure())
                            .hasStackTraceContaining("baton.cluster.secret has 13 characters: set one of at least 16");
                    StringWriter trace = new StringWriter();
                    Objects.requireNonNull(context.getStartupFailure()).printStackTrace(new PrintWriter(trace, true));
                    assertThat(trace.toString()).doesNotContain("pssst-hunter2");
                });
    }

    @Test
    void refuseAKeyThatNobodyKnows() {
        failsWith("baton.lanes.cuont", "baton.lanes.cuont=3");
        failsWith("baton.lnaes.count", "baton.lnaes.count=3");
    }

    @Test
    void sayWhatTookThePlaceOfARetiredKey() {
        for (String name : List.of("baton.engine.kind", "BATON_ENGINE_KIND")) {
            FailureAnalysis analysis = Objects.requireNonNull(new UnknownSettingAnalyzer()
                    .analyze(new UnknownSettingException(List.of(name), List.of("engine"))));
            assertThat(analysis.getAction()).startsWith(name + " was retired").contains("baton.engine.device");
        }
        FailureAnalysis both = Objects.requireNonNull(new UnknownSettingAnalyzer()
                .analyze(new UnknownSettingException(
                        List.of("baton.engine.kind", "baton.engine.knid"), List.of("engine"))));
        assertThat(both.getAction()).contains("baton.engine.device", "Groups under 'baton'");
    }

    @Test
    void noRetiredKeyIsStillDocumentedAsASetting() throws IOException {
        String operations = Files.readString(Path.of("..", "docs", "operations.md"));
        RetiredKeys.ADVICE.keySet().forEach(key -> {
            String group = key.substring(0, key.lastIndexOf('.'));
            String table = operations.substring(operations.indexOf("**`" + group + "`**"));
            assertThat(table.substring(0, table.indexOf("\n\n**`")))
                    .doesNotContain("| `" + key.substring(key.lastIndexOf('.') + 1) + "`");
        });
    }

    /** One file may serve all roles. */
    @Test
    void leaveKeysOfOtherRolesAlone() {
        application
                .withPropertyValues(
                        MODEL, "baton.worker.id=w", "baton.resume.key=v", "baton.dispatch.key=v", "baton.engine.key=v")
                .run(context -> assertThat(context).hasNotFailed());
    }

    @Test
    void areReadFromTheEnvironmentInBothSpellings() {
        withEnvironment("BATON_REGISTRY_WORKER_TTL", "4s", "BATON_REGISTRY_LEASETTL", "9s", "BATON_MODEL_NAME", "n")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(context.getBean(RegistryProperties.class).workerTtl())
                            .isEqualTo(seconds(4));
                    assertThat(context.getBean(RegistryProperties.class).leaseTtl())
                            .isEqualTo(seconds(9));
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "BATON_LANES_CUONT",
                "BATON_LNAES_COUNT",
                "BATON_CLUSTER_SECRETT",
                "BATON_WORKER_IDD",
                "BATON_WORKER_TOKN_PORT",
                "BATON_MODEL_FOLDER_X",
                "BATON_SECRET",
                "baton_lanes_cuont"
            })
    void refuseAMisspeltVariable(String name) {
        withEnvironment(name, "3").run(context -> {
            assertThat(context).hasFailed();
            assertThat(context.getStartupFailure()).hasStackTraceContaining(name);
        });
    }

    /** Of other roles, of compose, of the command line, of Kubernetes, and of other programs. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "BATON_HTTP_MAX_BODY",
                "BATON_RESUME_KEEP",
                "BATON_KV_MEMORY",
                "BATON_API_KEY",
                "BATON_MODEL",
                "BATON_KV_VOLUME",
                "BATON_THREADS",
                "BATON_LISTEN",
                "BATON_MANAGEMENT",
                "BATON_RIVALS",
                "BATON_GATEWAY_SERVICE_HOST",
                "BATON_GATEWAY_SERVICE_PORT_HTTP",
                "BATON_GATEWAY_PORT",
                "BATON_GATEWAY_PORT_8080_TCP_ADDR",
                "BATONS"
            })
    void leaveVariablesOfOthersAlone(String name) {
        withEnvironment(name, "tcp://10.0.0.1:8080")
                .run(context -> assertThat(context).hasNotFailed());
    }

    /** Exported for compose, they are there when {@code ./baton up} starts the roles. */
    @Test
    void leaveEachVariableOfTheComposeFileAlone() throws IOException {
        List<String> names = Pattern.compile("\\$\\{(BATON_[A-Z0-9_]+)")
                .matcher(Files.readString(Path.of("..", "docker-compose.yml")))
                .results()
                .map(variable -> variable.group(1))
                .distinct()
                .toList();
        assertThat(names).contains("BATON_JAVA_OPTIONS", "BATON_CLUSTER_SECRET");
        for (String name : names) {
            withEnvironment(name, "00000000000000000000000000000001")
                    .run(context -> assertThat(context).as(name).hasNotFailed());
        }
    }

    private ApplicationContextRunner withEnvironment(String... pairs) {
        Map<String, Object> variables = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            variables.put(pairs[i], pairs[i + 1]);
        }
        return application
                .withPropertyValues(MODEL, "baton.worker.id=w")
                .withInitializer(context -> context.getEnvironment()
                        .getPropertySources()
                        .replace(
                                StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
                                new SystemEnvironmentPropertySource(
                                        StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, variables)));
    }

    @Test
    void maySitInAGroupThatTheApplicationBinds() {
        application
                .withUserConfiguration(Extra.class)
                .withPropertyValues(MODEL, "baton.worker.id=w", "baton.extra.more.key=v")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(context.getBean(ExtraProperties.class).key()).isEqualTo("v");
                });
        failsWith("baton.extra.more.key", "baton.extra.more.key=v");
    }

    @Test
    void refuseValuesThatCannotWork() {
        failsWith("lease-renew-every", "baton.registry.lease-ttl=600ms", "baton.registry.lease-renew-every=500ms");
        failsWith("suspect-after", "baton.stream.suspect-after=60ms");
        failsWith("idle-ping-every", "baton.stream.idle-ping-every=40ms");
        failsWith("retry-up-to", "baton.stream.retry-from=2s");
        failsWith("count", "baton.lanes.count=0");
    }

    @Test
    void doNotShowTheSecret() {
        assertThat(new ClusterProperties("baton", "hush-hush-hush-hush", null).toString())
                .doesNotContain("hush");
    }

    @Test
    void nameUnknownKeysAndTheGroupsThereAre() {
        UnknownSettingException failure = new UnknownSettingException(List.of("baton.lnaes.count"), List.of("lanes"));
        FailureAnalysis analysis = Objects.requireNonNull(new UnknownSettingAnalyzer().analyze(failure));
        assertThat(analysis.getDescription()).contains("baton.lnaes.count");
        assertThat(analysis.getAction()).contains("lanes");
    }

    private void failsWith(String named, String... values) {
        String[] all = Arrays.copyOf(values, values.length + 1);
        all[values.length] = MODEL;
        ApplicationContextRunner runner = application;
        if (Arrays.stream(values).noneMatch(value -> value.startsWith("baton.worker.id"))) {
            runner = runner.withPropertyValues("baton.worker.id=w");
        }
        runner.withPropertyValues(all).run(context -> {
            assertThat(context).hasFailed();
            assertThat(context.getStartupFailure()).hasStackTraceContaining(named);
        });
    }

    private static Duration seconds(long seconds) {
        return Duration.ofSeconds(seconds);
    }

    private static Duration millis(long millis) {
        return Duration.ofMillis(millis);
    }
}
