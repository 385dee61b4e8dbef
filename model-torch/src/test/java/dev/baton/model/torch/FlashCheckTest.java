package dev.baton.model.torch;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchArgument;
import dev.baton.libtorch.TorchDevice;
import dev.baton.libtorch.TorchDtype;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.Reference;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FlashCheckTest {
    private static final Path FOLDER = Reference.RESOURCES.resolve("families").resolve("mistral");
    private static final int ROWS = 2;
    private static final int WIDTH = 3;

    private final Arena arena = Arena.ofShared();
    private TorchModel model;

    @BeforeAll
    void open() throws IOException {
        model = (TorchModel) OpenedByTorch.TORCH.open(new ModelSettings(FOLDER, "mistral", DtypeChoice.BF16, 1, 8));
    }

    @AfterAll
    void close() {
        model.close();
        arena.close();
    }

    @Test
    void aGpuHasTheKernelIn16BitsAndTheCpuDoesNot() {
        assertThat(FlashCheck.passes(model.torch, model.device, TorchDtype.BF16, model.config))
                .isEqualTo(model.device.kind() == TorchDevice.Kind.CUDA);
    }

    @Test
    void nothingHasTheKernelInF32() throws IOException {
        try (TorchModel wide =
                (TorchModel) OpenedByTorch.TORCH.open(new ModelSettings(FOLDER, "mistral", DtypeChoice.F32, 1, 8))) {
            assertThat(FlashCheck.passes(wide.torch, wide.device, TorchDtype.F32, wide.config))
                    .isFalse();
        }
    }

    @Test
    void resultsAreAlikeWhenEveryValueIsNear() {
        assertThat(alike(0, 0)).isTrue();
        assertThat(alike(0.01f, 5)).isTrue();
        assertThat(alike(0.1f, 0)).isFalse();
        assertThat(alike(0.1f, ROWS * WIDTH - 1)).isFalse();
        assertThat(alike(Float.NaN, 3)).isFalse();
    }

    private boolean alike(float more, int at) {
        try (TorchArgument one = values(0, 0);
                TorchArgument other = values(more, at)) {
            return FlashCheck.alike(model.torch, one, other, ROWS, WIDTH);
        }
    }

    private TorchArgument values(float more, int at) {
        var values = arena.allocate(JAVA_FLOAT, ROWS * WIDTH);
        for (int i = 0; i < ROWS * WIDTH; i++) {
            values.setAtIndex(JAVA_FLOAT, i, 0.1f * i + (i == at ? more : 0));
        }
        Torch torch = model.torch;
        return torch.upload(values, model.device, TorchDtype.F32, ROWS, WIDTH);
    }
}
