package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.routing.ServingMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.util.unit.DataSize;

/** The defaults, and that each key reaches its field. */
class DispatchPropertiesTest {
    @EnableConfigurationProperties({DispatchProperties.class, GatewayProperties.class, UsageProperties.class})
    static class Group {}

    private final ApplicationContextRunner application =
            new ApplicationContextRunner().withUserConfiguration(Group.class);

    @Test
    void haveTheseDefaults() {
        application.run(context -> assertThat(context.getBean(DispatchProperties.class))
                .isEqualTo(new DispatchProperties(
                        ServingMode.AUTO,
                        64,
                        4_096,
                        Duration.ofMinutes(1),
                        6,
                        3,
                        Duration.ofSeconds(2),
                        0,
                        Duration.ofSeconds(30),
                        10,
                        Duration.ofMinutes(1))));
    }

    @Test
    void aGatewayHasAnIdOfItsOwnUnlessOneIsSet() {
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            application.run(
                    context -> ids.add(context.getBean(GatewayProperties.class).id()));
        }
        assertThat(ids).hasSize(3).allMatch(id -> id.matches("gateway-[A-Za-z0-9._-]{1,40}-[0-9a-f]{8}"));
        application
                .withPropertyValues("baton.gateway.id=edge-1")
                .run(context -> assertThat(
                                context.getBean(GatewayProperties.class).id())
                        .isEqualTo("edge-1"));
        application.run(context ->
                assertThat(context.getBean(GatewayProperties.class).lameDuck()).isEqualTo(Duration.ofSeconds(3)));
        application
                .withPropertyValues("baton.gateway.lame-duck=20s")
                .run(context -> assertThat(
                                context.getBean(GatewayProperties.class).lameDuck())
                        .isEqualTo(Duration.ofSeconds(20)));
        application
                .withPropertyValues("baton.gateway.lame-duck=-1s")
                .run(context -> assertThat(context).hasFailed());
        application
                .withPropertyValues("baton.gateway.id=two words")
                .run(context -> assertThat(context).hasFailed());
    }

    @Test
    void usageEventsWaitInAFolderThatMayBeSet() {
        application.run(context -> assertThat(context.getBean(UsageProperties.class))
                .returns(DataSize.ofMegabytes(64), UsageProperties::spoolMax)
                .returns(Duration.ofDays(400), UsageProperties::keep)
                .returns(Path.of(System.getProperty("java.io.tmpdir"), "baton-usage"), UsageProperties::spool));
        application
                .withPropertyValues(
                        "baton.usage.spool=/var/spool/baton", "baton.usage.spool-max=1MB", "baton.usage.keep=90d")
                .run(context -> assertThat(context.getBean(UsageProperties.class))
                        .isEqualTo(new UsageProperties(
                                Path.of("/var/spool/baton"), DataSize.ofMegabytes(1), Duration.ofDays(90))));
    }

    @Test
    void takeEveryKey() {
        String keys = """
            baton.dispatch.mode=SPLIT
            baton.dispatch.local-tokens=1
            baton.dispatch.max-in-flight=2
            baton.dispatch.patience=8s
            baton.dispatch.attempts=3
            baton.dispatch.breaker-after=5
            baton.dispatch.avoid-for=6s
            baton.dispatch.loops=4
            baton.dispatch.drain-limit=0s
            baton.dispatch.recomputed-alarm=7
            baton.dispatch.recomputed-within=8s
            """;
        application
                .withPropertyValues(keys.lines().toArray(String[]::new))
                .run(context -> assertThat(context.getBean(DispatchProperties.class))
                        .isEqualTo(new DispatchProperties(
                                ServingMode.SPLIT,
                                1,
                                2,
                                Duration.ofSeconds(8),
                                3,
                                5,
                                Duration.ofSeconds(6),
                                4,
                                Duration.ZERO,
                                7,
                                Duration.ofSeconds(8))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "local-tokens=-1",
                "max-in-flight=0",
                "patience=0s",
                "attempts=0",
                "breaker-after=0",
                "avoid-for=0s",
                "loops=-1",
                "drain-limit=-1s",
                "recomputed-alarm=-1",
                "recomputed-within=0s"
            })
    void refuseWhatMakesNoSense(String setting) {
        application
                .withPropertyValues("baton.dispatch." + setting)
                .run(context -> assertThat(context).hasFailed());
    }
}
