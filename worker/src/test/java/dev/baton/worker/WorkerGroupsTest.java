package dev.baton.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.Device;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.WeightChoice;
import dev.baton.transfer.session.TransportChoice;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.util.unit.DataSize;

/** The defaults of a worker's own groups, and that each key reaches its field. */
class WorkerGroupsTest {
    @EnableConfigurationProperties({EngineGroup.class, KvSettings.class, TransferGroup.class})
    static class Groups {}

    private final ApplicationContextRunner application =
            new ApplicationContextRunner().withUserConfiguration(Groups.class);

    @Test
    void haveTheseDefaults() {
        application.run(context -> {
            assertThat(context.getBean(EngineGroup.class))
                    .isEqualTo(new EngineGroup(
                            EngineGroup.Kind.MODEL,
                            Device.CPU,
                            DtypeChoice.AUTO,
                            WeightChoice.STORED,
                            0,
                            0,
                            0,
                            Duration.ofSeconds(5)));
            assertThat(context.getBean(KvSettings.class))
                    .isEqualTo(new KvSettings(null, DataSize.ofMegabytes(256), 64));
            assertThat(context.getBean(TransferGroup.class))
                    .isEqualTo(new TransferGroup(TransportChoice.AUTO, Duration.ofSeconds(30), Duration.ofMinutes(2)));
        });
    }

    @Test
    void takeEveryKey() {
        String keys = """
                baton.engine.kind=SIMULATED
                baton.engine.device=CUDA
                baton.engine.dtype=F32
                baton.engine.weights=INT8
                baton.engine.threads=3
                baton.engine.max-sequences=4
                baton.engine.step-tokens=500
                baton.engine.drain=0s
                baton.kv.pool-folder=/kv
                baton.kv.memory=1GB
                baton.kv.block-tokens=16
                baton.transfer.transport=TCP
                baton.transfer.ticket-within=3s
                baton.transfer.arrive-within=4s
                """;
        application.withPropertyValues(keys.lines().toArray(String[]::new)).run(context -> {
            assertThat(context.getBean(EngineGroup.class))
                    .isEqualTo(new EngineGroup(
                            EngineGroup.Kind.SIMULATED,
                            Device.CUDA,
                            DtypeChoice.F32,
                            WeightChoice.INT8,
                            3,
                            4,
                            500,
                            Duration.ZERO));
            assertThat(context.getBean(KvSettings.class))
                    .isEqualTo(new KvSettings(Path.of("/kv"), DataSize.ofGigabytes(1), 16));
            assertThat(context.getBean(TransferGroup.class))
                    .isEqualTo(new TransferGroup(TransportChoice.TCP, Duration.ofSeconds(3), Duration.ofSeconds(4)));
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "baton.engine.drain=-1s",
                "baton.engine.threads=-1",
                "baton.engine.max-sequences=-1",
                "baton.engine.step-tokens=-1",
                "baton.engine.drian=1s",
                "baton.kv.block-tokens=0",
                "baton.kv.memroy=1GB",
                "baton.transfer.ticket-within=-1s",
                "baton.transfer.ticket-within=0s",
                "baton.transfer.arrive-within=-1s"
            })
    void refuseWhatMakesNoSense(String setting) {
        application
                .withPropertyValues(setting)
                .run(context -> assertThat(context).hasFailed());
    }
}
