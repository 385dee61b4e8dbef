package dev.baton.bench.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.bench.engine.Cell.Kind;
import dev.baton.engine.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scripts stand where the rivals' programs would; they print what the real ones were seen to print. */
class ExternalEngineTest {
    private static final Cell DECODE1 = new Cell(Kind.DECODE, 1);
    private static final Cell DECODE8 = new Cell(Kind.DECODE, 8);
    private static final Cell PREFILL = new Cell(Kind.PREFILL, 512);
    private static final Cell LONG = new Cell(Kind.PREFILL, 4096);
    private static final BenchRun HEAT =
            new BenchRun("135M", WeightFormat.BF16, Device.CPU, 2, List.of(DECODE1, DECODE8, PREFILL, LONG));

    @TempDir
    private Path root;

    private RivalsFolder folder;

    @BeforeEach
    void folder() {
        folder = RivalsFolder.find(Optional.of(root), Optional.empty(), root.resolve("home"));
    }

    @Test
    void llamasFiguresGoToTheirCells() throws IOException {
        script(folder.llama("llama-bench"), """
            case "$*" in
            *"-d 512"*) echo '{"build_commit": "x", "n_prompt": 0, "n_gen": 32, "n_depth": 512, "avg_ts": 43.718902, "samples_ts": [43.7]}' ;;
            *"-p 512 "*) echo '{"n_prompt": 512, "n_gen": 0, "n_depth": 0, "avg_ts": 441.5, "samples_ts": [441.5]}' ;;
            *"-p 4096 "*--no-warmup*) echo '{"n_prompt": 4096, "n_gen": 0, "n_depth": 0, "avg_ts": 268.7, "samples_ts": [268.7]}' ;;
            *) exit 3 ;;
            esac\
            """);
        script(folder.llama("llama-batched-bench"), """
            echo 'main: n_kv_max = 4608'
            echo '{"n_kv_max": 4608, "n_batch": 2048, "pp": 512, "tg": 32, "pl": 8, "speed_pp": 430.1, "speed_tg": 145.97}'\
            """);
        EngineUnderTest.Outcome outcome = measure(new LlamaCpp(folder));
        assertThat(outcome.failures()).isEmpty();
        assertThat(outcome.rates())
                .containsEntry(DECODE1, 43.718902)
                .containsEntry(DECODE8, 145.97)
                .containsEntry(PREFILL, 441.5)
                .containsEntry(LONG, 268.7);
    }

    @Test
    void llamaIsGivenTheSameModelThreadsAndWork() {
        List<List<String>> commands =
                new LlamaCpp(folder).starts(HEAT).stream().map(Child::command).toList();
        assertThat(commands)
                .hasSize(4)
                .allSatisfy(command -> assertThat(String.join(" ", command))
                        .contains("-m " + root.resolve("gguf").resolve("135M-bf16.gguf"), "-t 2"));
        assertThat(String.join(" ", commands.get(2))).contains("-npp 512 -ntg 32 -npl 8 -c 4608");
        assertThat(new LlamaCpp(folder)
                        .starts(new BenchRun("135M", WeightFormat.W8A8, Device.CPU, 1, List.of(PREFILL))))
                .singleElement()
                .satisfies(
                        child -> assertThat(String.join(" ", child.command())).contains("135M-q8_0.gguf", "-t 1"));
    }

    @Test
    void openVinosFiguresGoToTheirCells() throws IOException {
        script(folder.openVinoPython(), """
            shift; model=$1; threads=$2; shift 2
            [ "${model##*/}" = 135M-f16.gguf ] && [ "$threads" = 2 ] || exit 3
            for cell in "$@"; do echo "{\\"cell\\": \\"$cell\\", \\"per_second\\": 12.5}"; done\
            """);
        EngineUnderTest.Outcome outcome = measure(new OpenVino(folder));
        assertThat(outcome.failures()).isEmpty();
        assertThat(outcome.rates())
                .hasSize(4)
                .allSatisfy((cell, rate) -> assertThat(rate).isEqualTo(12.5));
    }

    @Test
    void onAGpuTransformersRunsTheSharedCheckpoint() throws IOException {
        Path checkpoint = root.resolve("hf").resolve("135M");
        Files.createDirectories(checkpoint);
        Files.createFile(checkpoint.resolve("model.safetensors"));
        assertThat(folder.programs(Device.CUDA)).isEmpty();
        assertThat(folder.missing(Device.CUDA)).singleElement().asString().startsWith("transformers: ");
        script(folder.torchPython(), """
            shift; [ "$1" = %s ] || exit 3; shift
            for cell in "$@"; do echo "{\\"cell\\": \\"$cell\\", \\"per_second\\": 7000}"; done\
            """.formatted(checkpoint));
        BenchRun heat =
                new BenchRun("135M", WeightFormat.BF16, Device.CUDA, 1, List.of(DECODE1, DECODE8, PREFILL, LONG));
        assertThat(folder.programs(Device.CUDA)).singleElement().satisfies(program -> {
            EngineUnderTest.Outcome outcome = new ExternalEngine(program, Duration.ofSeconds(30)).measure(heat);
            assertThat(outcome.failures()).isEmpty();
            assertThat(outcome.rates()).hasSize(4).containsEntry(DECODE8, 7000.0);
        });
    }

    @Test
    void aRivalThatFailsSaysWhyAndKeepsWhatItMeasured() throws IOException {
        script(folder.openVinoPython(), """
            echo '{"cell": "decode1", "per_second": 31}'
            echo 'RuntimeError: no such model' >&2
            echo >&2
            exit 1\
            """);
        EngineUnderTest.Outcome failed = measure(new OpenVino(folder));
        assertThat(failed.rates()).isEmpty();
        assertThat(failed.failures())
                .containsExactly("OpenVINO, 135M bf16, 2 threads: python ended with 1: RuntimeError: no such model");

        script(folder.openVinoPython(), "echo '{\"cell\": \"decode1\", \"per_second\": 31}'; echo '{broken'");
        EngineUnderTest.Outcome partial = measure(new OpenVino(folder));
        assertThat(partial.rates()).containsOnly(java.util.Map.entry(DECODE1, 31.0));
        assertThat(partial.failures()).singleElement().asString().contains("figures for [decode1] only");
    }

    @Test
    void aRivalThatDoesNotEndIsKilled() throws IOException {
        script(folder.openVinoPython(), "exec tail -f /dev/null");
        EngineUnderTest.Outcome outcome = new ExternalEngine(new OpenVino(folder), Duration.ofSeconds(1)).measure(HEAT);
        assertThat(outcome.failures()).singleElement().asString().contains("did not end within 1 s");
    }

    @Test
    void theFolderIsTheOneGivenElseTheEnvironmentsElseTheSetups() throws IOException {
        Path home = root.resolve("home");
        Path other = Files.createDirectory(root.resolve("other"));
        assertThat(RivalsFolder.find(Optional.of(root), Optional.of(other.toString()), home)
                        .root())
                .isEqualTo(root);
        assertThat(RivalsFolder.find(Optional.empty(), Optional.of(other.toString()), home)
                        .root())
                .isEqualTo(other);
        assertThat(RivalsFolder.find(Optional.empty(), Optional.empty(), home).missing(Device.CPU))
                .singleElement()
                .asString()
                .contains("tools/rivals/setup.sh");
        Files.createDirectories(home.resolve(".baton").resolve("rivals"));
        assertThat(RivalsFolder.find(Optional.empty(), Optional.of(" "), home).root())
                .isEqualTo(home.resolve(".baton").resolve("rivals"));
        assertThat(folder.missing(Device.CPU)).hasSize(2);
        script(folder.llama("llama-bench"), "");
        assertThat(folder.missing(Device.CPU)).hasSize(1);
        assertThat(folder.programs(Device.CPU)).hasOnlyElementsOfType(LlamaCpp.class);
    }

    private static EngineUnderTest.Outcome measure(ExternalProgram program) {
        return new ExternalEngine(program, Duration.ofSeconds(30)).measure(HEAT);
    }

    private static void script(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + text + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
