package dev.baton.cli.up;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.cli.host.CliException;
import dev.baton.transfer.pool.SharedPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StackPlanTest {
    @TempDir
    Path folder;

    @Test
    void refusesWhatIsNoModelFolderAndSaysWhatItLacks() throws IOException {
        assertRefused(folder.resolve("absent"), 1, 1, 8080, 256)
                .hasMessageContaining("--model")
                .hasMessageContaining("is missing");
        assertRefused(folder, 1, 1, 8080, 256)
                .hasMessageContaining("--model " + folder)
                .hasMessageContaining("config.json");
        Files.writeString(folder.resolve("config.json"), "{}");
        assertRefused(folder, 1, 1, 8080, 256).hasMessageContaining("tokenizer.json");
        Files.writeString(folder.resolve("tokenizer.json"), "{}");
        assertRefused(folder, 1, 1, 8080, 256).hasMessageContaining("model.safetensors");
    }

    @Test
    void takesAFileOfGgufAndNamesTheModelAfterIt() throws IOException {
        Path file = Files.copy(
                Path.of("../model/src/test/resources/reference/gguf/qwen3.gguf"), folder.resolve("Tiny-F16.gguf"));
        StackPlan plan = new StackPlan(file, 1, 1, 8080, 256, 0, List.of(), List.of());
        assertThat(plan.modelName()).isEqualTo("Tiny-F16");
        assertThat(StackPlan.weightBytes(file)).isPositive();
        Files.writeString(file, "no model");
        assertRefused(file, 1, 1, 8080, 256).hasMessageContaining("does not begin with GGUF");
    }

    @Test
    void namesTheOptionThatIsOutOfRange() throws IOException {
        Path model = modelIn(folder);
        assertRefused(model, -1, 1, 8080, 256).hasMessageContaining("--prefill");
        assertRefused(model, 1, 0, 8080, 256).hasMessageContaining("--decode");
        assertRefused(model, 1, 1, 70_000, 256).hasMessageContaining("--port");
        assertRefused(model, 1, 1, 8080, 1).hasMessageContaining("--kv-memory");
    }

    @Test
    void sharesTheCoresOutUnlessTold() throws IOException {
        Path model = modelIn(folder);
        int cores = Runtime.getRuntime().availableProcessors();
        assertThat(new StackPlan(model, 0, 1, 8080, 256, 0, List.of(), List.of()).threadsEach())
                .isEqualTo(cores);
        assertThat(new StackPlan(model, 32, 32, 8080, 256, 0, List.of(), List.of()).threadsEach())
                .isEqualTo(Math.max(1, cores / 64));
        assertThat(new StackPlan(model, 1, 1, 8080, 256, 3, List.of(), List.of()).threadsEach())
                .isEqualTo(3);
    }

    @Test
    void putsPoolsWhereTheWorkersAreTold() throws IOException {
        Path model = modelIn(folder);
        assertThat(new StackPlan(model, 1, 1, 8080, 256, 0, List.of(), List.of()).poolFolder())
                .isEqualTo(SharedPool.defaultFolder());
        List<String> told = List.of("--baton.kv.pool-folder=/first", "--baton.kv.pool-folder=/second");
        assertThat(new StackPlan(model, 1, 1, 8080, 256, 0, List.of(), told).poolFolder())
                .isEqualTo(Path.of("/second"));
    }

    /** A folder that has what a plan asks of a model. */
    static Path modelIn(Path folder) throws IOException {
        Path model = Files.createDirectories(folder.resolve("some-model"));
        Files.writeString(model.resolve("config.json"), "{}");
        Files.writeString(model.resolve("tokenizer.json"), "{}");
        Files.writeString(model.resolve("model.safetensors"), "weights");
        return model;
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> assertRefused(
            Path model, int prefill, int decode, int port, int kvMebibytes) {
        return assertThatThrownBy(
                        () -> new StackPlan(model, prefill, decode, port, kvMebibytes, 0, List.of(), List.of()))
                .isInstanceOf(CliException.class);
    }
}
