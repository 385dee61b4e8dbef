package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.checkpoint.ModelFiles;
import dev.baton.engine.OpenModel;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class FamiliesTest extends FamiliesContract {
    FamiliesTest() {
        super(OpenedBy.KERNELS);
    }

    @Test
    void everySupportedArchitectureHasACheckpointHere() throws IOException {
        List<String> held = new ArrayList<>();
        for (String family : families().toList()) {
            Path folder = Reference.RESOURCES.resolve("families").resolve(family);
            held.add(ModelConfig.read(ModelFiles.of(folder), 0).family.architecture());
        }
        assertThat(held)
                .containsAll(Family.ALL.stream().map(Family::architecture).toList());
    }

    @ParameterizedTest
    @MethodSource("families")
    void inBf16LogitsStayNearTheReferenceAndDoNotDependOnChunks(String family) throws IOException {
        Path folder = Reference.RESOURCES.resolve("families").resolve(family);
        Reference.Case one = Reference.read(folder).cases().getLast();
        try (OpenModel model = OpenedBy.KERNELS.open(settings(folder, DtypeChoice.BF16))) {
            int[] tokens = Arrays.copyOf(one.tokens(), one.positions()[0] + 1);
            float[] whole = logits(model, tokens, tokens.length);
            assertThat(Reference.difference(whole, one.logits()[0])).isLessThan(0.03);
            for (int chunk : List.of(1, 7)) {
                assertThat(logits(model, tokens, chunk)).isEqualTo(whole);
            }
        }
    }
}
