package dev.baton.bench.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.bench.engine.Cell.Kind;
import dev.baton.bench.engine.Options.Flag;
import dev.baton.engine.Device;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {
    @Test
    void withoutOptionsBothShapesRunThreeRoundsOnTwoThreads() {
        Options options = Options.parse();
        assertThat(options.shapes()).containsExactly("135M", "1.1B");
        assertThat(options.threads()).containsExactly(2);
        assertThat(options.rounds()).isEqualTo(3);
        assertThat(options.weights()).containsExactly(WeightFormat.BF16);
        assertThat(options.cells())
                .containsExactly(
                        new Cell(Kind.DECODE, 1),
                        new Cell(Kind.DECODE, 8),
                        new Cell(Kind.PREFILL, 512),
                        new Cell(Kind.PREFILL, 4096));
        assertThat(options.rivals()).isEmpty();
        assertThat(options.flags()).isEmpty();
    }

    @Test
    void exactRunsAllShapesWithOneAndTwoThreads() {
        Options options = Options.parse("--exact");
        assertThat(options.has(Flag.EXACT)).isTrue();
        assertThat(options.shapes()).containsExactly("demo", "135M", "1.1B");
        assertThat(options.threads()).containsExactly(1, 2);
    }

    @Test
    void onAGpuThreadsDoNotMatterAndEachShapeRunsOnce() {
        Options options = Options.parse("--device", "cuda");
        assertThat(options.device()).isEqualTo(Device.CUDA);
        assertThat(options.threads()).hasSize(1);
    }

    @Test
    void everyOptionIsTaken() {
        Options options = Options.parse(
                "--shapes",
                "demo",
                "--device",
                "cpu",
                "--threads",
                "1,4",
                "--weights",
                "bf16,w8a8",
                "--cells",
                "prefill64",
                "--rounds",
                "5",
                "--chunk",
                "128",
                "--length",
                "700",
                "--dtype",
                "f32",
                "--rivals",
                "/r",
                "--limit",
                "9",
                "--json");
        assertThat(options)
                .isEqualTo(new Options(
                        List.of("demo"),
                        Device.CPU,
                        List.of(1, 4),
                        List.of(WeightFormat.BF16, WeightFormat.W8A8),
                        List.of(new Cell(Kind.PREFILL, 64)),
                        5,
                        128,
                        700,
                        DtypeChoice.F32,
                        Optional.of(Path.of("/r")),
                        Duration.ofSeconds(9),
                        java.util.Set.of(Flag.JSON)));
    }

    @Test
    void theHelpNamesEveryOption() {
        List<String> named = Pattern.compile("^ +(--[a-z-]+)", Pattern.MULTILINE)
                .matcher(Options.HELP)
                .results()
                .map(match -> match.group(1))
                .toList();
        assertThat(named)
                .containsExactlyInAnyOrder(
                        "--shapes",
                        "--device",
                        "--threads",
                        "--weights",
                        "--cells",
                        "--rounds",
                        "--chunk",
                        "--dtype",
                        "--rivals",
                        "--limit",
                        "--json",
                        "--exact",
                        "--length",
                        "--perplexity",
                        "--kv-cost",
                        "--rule",
                        "--attention",
                        "--sampling",
                        "--speculation",
                        "--help");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--what 1",
                "--shapes 7B",
                "--threads 0",
                "--threads",
                "--cells decode",
                "--cells decode100",
                "--cells prefill0",
                "--weights int5",
                "--rounds x",
                "--dtype f16",
                "--device tpu",
                "--exact --device cuda"
            })
    void whatMakesNoSenseIsRefused(String line) {
        assertThatThrownBy(() -> Options.parse(line.split(" "))).isInstanceOf(IllegalArgumentException.class);
    }
}
