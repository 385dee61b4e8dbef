package dev.baton.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.config.ArithmeticProperties;
import dev.baton.config.BlockProperties;
import dev.baton.config.SettingsAutoConfiguration;
import dev.baton.engine.Device;
import dev.baton.engine.draft.Speculation;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import dev.baton.transfer.session.TransportChoice;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.util.unit.DataSize;

/** The defaults of a worker's own groups, and that each key reaches its field. */
class WorkerPropertiesTest {
    @EnableConfigurationProperties({
        WorkerProperties.class,
        EngineProperties.class,
        KvProperties.class,
        TransferProperties.class,
        ArithmeticProperties.class,
        BlockProperties.class
    })
    static class Groups {}

    private final ApplicationContextRunner application = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(SettingsAutoConfiguration.class))
            .withUserConfiguration(Groups.class)
            .withPropertyValues("baton.worker.id=w", "baton.model.folder=/models/demo");

    @Test
    void haveTheseDefaults() {
        application.run(context -> {
            assertThat(context.getBean(WorkerProperties.class))
                    .isEqualTo(new WorkerProperties(
                            "w", "127.0.0.1", "127.0.0.1", 0, 0, 0, 0, null, Duration.ofMinutes(1)));
            assertThat(context.getBean(EngineProperties.class))
                    .isEqualTo(new EngineProperties(
                            Device.CPU,
                            0,
                            0,
                            0,
                            Speculation.Mode.OFF,
                            7,
                            Duration.ofSeconds(5),
                            Duration.ofSeconds(2)));
            assertThat(ModelLoader.precision(context.getBean(ArithmeticProperties.class)))
                    .isEqualTo(new Precision(DtypeChoice.AUTO, WeightChoice.STORED));
            assertThat(context.getBean(KvProperties.class))
                    .isEqualTo(new KvProperties(null, DataSize.ofMegabytes(256), true, true, Duration.ofSeconds(60)));
            assertThat(context.getBean(BlockProperties.class)).isEqualTo(new BlockProperties(64));
            assertThat(context.getBean(TransferProperties.class))
                    .isEqualTo(new TransferProperties(
                            TransportChoice.AUTO,
                            Duration.ofMinutes(10),
                            Duration.ofMinutes(2),
                            Duration.ofSeconds(2)));
        });
    }

    @Test
    void takeEveryKey() {
        String keys = """
            baton.cluster.secret=a secret of the tests
            baton.worker.id=decode-1
            baton.worker.advertised-host=decode-1.baton
            baton.worker.listen-address=0.0.0.0
            baton.worker.token-port=7001
            baton.worker.kv-port=7002
            baton.worker.advertised-token-port=7101
            baton.worker.advertised-kv-port=7102
            baton.worker.lane=3
            baton.worker.hung-after=9s
            baton.engine.device=CUDA
            baton.engine.dtype=F32
            baton.engine.weights=INT8
            baton.engine.threads=3
            baton.engine.max-sequences=4
            baton.engine.step-tokens=500
            baton.engine.speculation=AUTO
            baton.engine.guesses=9
            baton.engine.drain=0s
            baton.engine.keep-kv=7s
            baton.kv.pool-folder=/kv
            baton.kv.memory=1GB
            baton.kv.records=false
            baton.kv.verify-hits=false
            baton.kv.block-tokens=16
            baton.kv.orphan-keep=5s
            baton.transfer.transport=TCP
            baton.transfer.ticket-within=3s
            baton.transfer.arrive-within=4s
            baton.transfer.fetch-within=6s
            """;
        application.withPropertyValues(keys.lines().toArray(String[]::new)).run(context -> {
            assertThat(context.getBean(WorkerProperties.class))
                    .isEqualTo(new WorkerProperties(
                            "decode-1", "decode-1.baton", "0.0.0.0", 7001, 7002, 7101, 7102, 3, Duration.ofSeconds(9)));
            assertThat(context.getBean(EngineProperties.class))
                    .isEqualTo(new EngineProperties(
                            Device.CUDA, 3, 4, 500, Speculation.Mode.AUTO, 9, Duration.ZERO, Duration.ofSeconds(7)));
            assertThat(ModelLoader.precision(context.getBean(ArithmeticProperties.class)))
                    .isEqualTo(new Precision(DtypeChoice.F32, WeightChoice.INT8));
            assertThat(context.getBean(KvProperties.class))
                    .isEqualTo(new KvProperties(
                            Path.of("/kv"), DataSize.ofGigabytes(1), false, false, Duration.ofSeconds(5)));
            assertThat(context.getBean(BlockProperties.class)).isEqualTo(new BlockProperties(16));
            assertThat(context.getBean(TransferProperties.class))
                    .isEqualTo(new TransferProperties(
                            TransportChoice.TCP, Duration.ofSeconds(3), Duration.ofSeconds(4), Duration.ofSeconds(6)));
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "baton.worker.id=two words",
                "baton.worker.lane=-1",
                "baton.worker.advertised-kv-port=65536",
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

    @Test
    void nameTheValuesThatTheEngineKnows() {
        assertThatThrownBy(() -> ModelLoader.precision(new ArithmeticProperties("auto", "int9")))
                .hasMessage("baton.engine.weights is int9: set one of [STORED, INT8, W8A8, BF16, INT4]");
        assertThat(ModelLoader.precision(new ArithmeticProperties("bf16", "int-8")))
                .isEqualTo(new Precision(DtypeChoice.BF16, WeightChoice.INT8));
    }

    /** One file may serve all roles: the check must know these groups where their classes are not. */
    @Test
    void mayStandInTheFileOfAnotherRole() {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SettingsAutoConfiguration.class))
                .withPropertyValues(
                        "baton.model.folder=/models/demo",
                        "baton.worker.id=w",
                        "baton.engine.threads=2",
                        "baton.kv.memory=1GB",
                        "baton.transfer.transport=TCP")
                .run(context -> assertThat(context).hasNotFailed());
    }
}
