package dev.baton.gateway.resume;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.util.unit.DataSize;

/** The defaults, and that each key reaches its field. */
class ResumePropertiesTest {
    @EnableConfigurationProperties(ResumeProperties.class)
    static class Group {}

    private final ApplicationContextRunner application =
            new ApplicationContextRunner().withUserConfiguration(Group.class);

    @Test
    void haveTheseDefaults() {
        application.run(context -> assertThat(context.getBean(ResumeProperties.class))
                .isEqualTo(new ResumeProperties(
                        Duration.ofMinutes(5),
                        Duration.ofSeconds(2),
                        Duration.ofMillis(50),
                        DataSize.ofMegabytes(64))));
    }

    @Test
    void eachKeyReachesItsField() {
        application
                .withPropertyValues(
                        "baton.resume.keep=1m",
                        "baton.resume.lease=1s",
                        "baton.resume.write-behind=20ms",
                        "baton.resume.tenant-bytes=1MB")
                .run(context -> assertThat(context.getBean(ResumeProperties.class))
                        .isEqualTo(new ResumeProperties(
                                Duration.ofMinutes(1),
                                Duration.ofSeconds(1),
                                Duration.ofMillis(20),
                                DataSize.ofMegabytes(1))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "keep=0s",
                "keep=25h",
                "lease=100ms",
                "lease=2m",
                "write-behind=0ms",
                "write-behind=200ms",
                "tenant-bytes=1KB"
            })
    void refusesWhatCannotWork(String setting) {
        application
                .withPropertyValues("baton.resume." + setting)
                .run(context -> assertThat(context).hasFailed());
    }
}
