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
class WorkerPropertiesTest {
    @EnableConfigurationProperties({
        WorkerProperties.class,
        EngineProperties.class,
        KvProperties.class,
        TransferProperties.class
    })
    static class Groups {}

    private final ApplicationContextRunner application =
            new ApplicationContextRunner().withUserConfiguration(Groups.class).withPropertyValues("baton.worker.id=w");

    @Test
    void haveTheseDefaults() {
        application.run(context -> {
            assertThat(context.getBean(WorkerProperties.class))
                    .isEqualTo(new WorkerProperties("w", "127.0.0.1", "127.0.0.1", 0, 0, null));
            assertThat(context.getBean(EngineProperties.class))
                    .isEqualTo(new EngineProperties(
                            Device.CPU, DtypeChoice.AUTO, WeightChoice.STORED, 0, 0, 0, Duration.ofSeconds(5)));
            assertThat(context.getBean(KvProperties.class))
                    .isEqualTo(
                            new KvProperties(null, DataSize.ofMegabytes(256), true, true, 64, Duration.ofSeconds(60)));
            assertThat(context.getBean(TransferProperties.class))
                    .isEqualTo(new TransferProperties(
                            TransportChoice.AUTO, Duration.ofSeconds(30), Duration.ofMinutes(2)));
        });
    }

    @Test
    void takeEveryKey() {
        String keys = """
            baton.worker.id=decode-1
            baton.worker.advertised-host=decode-1.baton
            baton.worker.listen-address=0.0.0.0
            baton.worker.token-port=7001
            baton.worker.kv-port=7002
            baton.worker.lane=3
            baton.engine.device=CUDA
            baton.engine.dtype=F32
            baton.engine.weights=INT8
            baton.engine.threads=3
            baton.engine.max-sequences=4
            baton.engine.step-tokens=500
            baton.engine.drain=0s
            baton.kv.pool-folder=/kv
            baton.kv.memory=1GB
            baton.kv.records=false
            baton.kv.verify-hits=false
            baton.kv.block-tokens=16
            baton.kv.orphan-keep=5s
            baton.transfer.transport=TCP
            baton.transfer.ticket-within=3s
            baton.transfer.arrive-within=4s
            """;
        application.withPropertyValues(keys.lines().toArray(String[]::new)).run(context -> {
            assertThat(context.getBean(WorkerProperties.class))
                    .isEqualTo(new WorkerProperties("decode-1", "decode-1.baton", "0.0.0.0", 7001, 7002, 3));
            assertThat(context.getBean(EngineProperties.class))
                    .isEqualTo(new EngineProperties(
                            Device.CUDA, DtypeChoice.F32, WeightChoice.INT8, 3, 4, 500, Duration.ZERO));
            assertThat(context.getBean(KvProperties.class))
                    .isEqualTo(new KvProperties(
                            Path.of("/kv"), DataSize.ofGigabytes(1), false, false, 16, Duration.ofSeconds(5)));
            assertThat(context.getBean(TransferProperties.class))
                    .isEqualTo(
                            new TransferProperties(TransportChoice.TCP, Duration.ofSeconds(3), Duration.ofSeconds(4)));
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "baton.worker.id=two words",
                "baton.worker.lane=-1",
                "baton.engine.drain=-1s",
                "baton.engine.threads=-1",
                "baton.engine.max-sequences=-1",
                "baton.engine.step-tokens=-1",
                "baton.engine.drian=1s",
                "baton.kv.block-tokens=0",
                "baton.kv.memroy=1GB",
                "baton.kv.orphan-keep=-1s",
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
