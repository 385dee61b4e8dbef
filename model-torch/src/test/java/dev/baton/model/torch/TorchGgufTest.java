package dev.baton.model.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.OpenModel;
import dev.baton.libtorch.TestDevice;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.Reference;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class TorchGgufTest {
    private static final Path FILE = Reference.RESOURCES.resolve("gguf/llama31.gguf");
    private static final Path FOLDER = Reference.RESOURCES.resolve("families/llama31");

    @Test
    void aDeviceReadsAFileAsItsFolder() throws IOException {
        Reference.Case one = Reference.read(FOLDER).cases().getLast();
        int[] tokens = Arrays.copyOf(one.tokens(), one.positions()[0] + 1);
        try (OpenModel model = TorchModel.open(
                        new ModelSettings(FILE, "llama31", DtypeChoice.F32, 2, 16),
                        TestDevice.usable(),
                        (done, of) -> {});
                Reference.Sequence sequence = new Reference.Sequence(model, tokens.length)) {
            assertThat(Reference.difference(sequence.forward(tokens), one.logits()[0]))
                    .isLessThan(1e-4);
        }
    }
}
