package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FailureCauseTest {
    @Test
    void namesTheSettingThatCannotBeBound() {
        String log = """
            2026-11-29T03:00:00.000Z ERROR 1 --- [main] o.s.b.d.LoggingFailureAnalysisReporter :

            ***************************
            APPLICATION FAILED TO START
            ***************************

            Description:

            Failed to bind properties under 'baton.kv.memory' to org.springframework.util.unit.DataSize:

                Property: baton.kv.memory
                Value: "nonsense"
                Origin: "baton.kv.memory" from property source "commandLineArgs"
                Reason: 'nonsense' is not a valid data size

            Action:

            Update your application's configuration
            """;
        assertThat(FailureCause.in(log))
                .contains("baton.kv.memory = \"nonsense\": 'nonsense' is not a valid data size");
    }

    @Test
    void joinsADescriptionOfSeveralLines() {
        String log =
                "Description:\n\nKafka at 127.0.0.1:1 does not answer.\nSet spring.kafka.bootstrap-servers.\n\nAction:\n\nx";
        assertThat(FailureCause.in(log))
                .contains("Kafka at 127.0.0.1:1 does not answer. Set spring.kafka.bootstrap-servers.");
    }

    @Test
    void takesTheInnermostCauseOfABeanChain() {
        String log = """
            org.springframework.context.ApplicationContextException: Failed to start bean 'workerNode'
            \tat org.springframework.Foo.bar(Foo.java:1)
            Caused by: org.springframework.beans.factory.BeanCreationException: Error creating bean 'a' in class path
            \t... 12 common frames omitted
            Caused by: dev.baton.engine.EngineException: the pool of 1 MB holds no block: raise baton.kv.memory
            \t... 30 common frames omitted
            """;
        assertThat(FailureCause.in(log)).contains("the pool of 1 MB holds no block: raise baton.kv.memory");
    }

    @Test
    void keepsTheClassOfAnExceptionWithoutAMessage() {
        assertThat(FailureCause.in("Caused by: java.lang.StackOverflowError")).contains("java.lang.StackOverflowError");
    }

    @Test
    void cutsWhatIsLong() {
        String cause = FailureCause.in("Caused by: java.lang.Error: " + "x".repeat(5_000))
                .orElseThrow();
        assertThat(cause).hasSizeLessThan(420).endsWith(" …");
    }

    @Test
    void saysNothingOfALogWithoutAFailure() {
        assertThat(FailureCause.in("INFO started\nINFO stopped\n")).isEmpty();
    }
}
