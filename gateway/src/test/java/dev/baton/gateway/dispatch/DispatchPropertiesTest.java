package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.routing.ServingMode;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** The defaults, and that each key reaches its field. */
class DispatchPropertiesTest {
    @EnableConfigurationProperties({DispatchProperties.class, GatewayProperties.class})
    static class Group {}

    private final ApplicationContextRunner application =
            new ApplicationContextRunner().withUserConfiguration(Group.class);

    @Test
    void haveTheseDefaults() {
        application.run(context -> assertThat(context.getBean(DispatchProperties.class))
                .isEqualTo(new DispatchProperties(ServingMode.AUTO, 64, 4_096, 6, 0, Duration.ofSeconds(30))));
    }

    @Test
    void theGatewayHasAnIdThatMayBeSet() {
        application.run(context ->
                assertThat(context.getBean(GatewayProperties.class).id()).isEqualTo("gateway-0"));
        application
                .withPropertyValues("baton.gateway.id=edge-1")
                .run(context -> assertThat(
                                context.getBean(GatewayProperties.class).id())
                        .isEqualTo("edge-1"));
        application
                .withPropertyValues("baton.gateway.id=two words")
                .run(context -> assertThat(context).hasFailed());
    }

    @Test
    void takeEveryKey() {
        String keys = """
            baton.dispatch.mode=SPLIT
            baton.dispatch.local-tokens=1
            baton.dispatch.max-in-flight=2
            baton.dispatch.attempts=3
            baton.dispatch.loops=4
            baton.dispatch.drain-limit=0s
            """;
        application
                .withPropertyValues(keys.lines().toArray(String[]::new))
                .run(context -> assertThat(context.getBean(DispatchProperties.class))
                        .isEqualTo(new DispatchProperties(ServingMode.SPLIT, 1, 2, 3, 4, Duration.ZERO)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"local-tokens=-1", "max-in-flight=0", "attempts=0", "loops=-1", "drain-limit=-1s", "drain=1s"})
    void refuseWhatMakesNoSense(String setting) {
        application
                .withPropertyValues("baton.dispatch." + setting)
                .run(context -> assertThat(context).hasFailed());
    }
}
