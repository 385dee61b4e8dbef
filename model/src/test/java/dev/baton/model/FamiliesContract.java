package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.OpenModel;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tiny random checkpoints of every family against what transformers computed with them, on whatever runs them. */
public abstract class FamiliesContract {
    private final OpenedBy way;

    protected FamiliesContract(OpenedBy way) {
        this.way = way;
    }

    public static Stream<String> families() throws IOException {
        try (Stream<Path> folders = Files.list(Reference.RESOURCES.resolve("families"))) {
            return folders.map(folder -> folder.getFileName().toString()).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void inF32LogitsAndGreedyTokensAreThoseOfTheReferenceInOneChunkAndInMany(String family) throws IOException {
        Path folder = Reference.RESOURCES.resolve("families").resolve(family);
        Reference reference = Reference.read(folder);
        assertThat(reference.cases()).isNotEmpty();
        try (OpenModel model = way.open(settings(folder, DtypeChoice.F32))) {
            boolean exact = model.shape(1).exact();
            assertThat(exact || way != OpenedBy.KERNELS)
                    .as("the kernels are exact")
                    .isTrue();
            for (Reference.Case one : reference.cases()) {
                for (int i = 0; i < one.positions().length; i++) {
                    int[] tokens = Arrays.copyOf(one.tokens(), one.positions()[i] + 1);
                    float[] whole = logits(model, tokens, tokens.length);
                    assertThat(Reference.difference(whole, one.logits()[i]))
                            .as("prompt of %d at %d", one.prompt().length, one.positions()[i])
                            .isLessThan(1e-4);
                    for (int chunk : way == OpenedBy.KERNELS ? new int[] {1, 7, 16} : new int[] {7}) {
                        float[] pieces = logits(model, tokens, chunk);
                        assertThat(Reference.difference(pieces, one.logits()[i]))
                                .as("in chunks of %d", chunk)
                                .isLessThan(1e-4);
                        if (way == OpenedBy.KERNELS) {
                            assertThat(pieces).as("in chunks of %d", chunk).isEqualTo(whole);
                        }
                    }
                }
                if (way == OpenedBy.KERNELS || one == reference.cases().getFirst()) {
                    assertThat(DemoModelContract.greedy(model, one.prompt(), one.continuation().length))
                            .containsExactly(one.continuation());
                }
            }
        }
    }

    static float[] logits(OpenModel model, int[] tokens, int chunk) {
        try (Reference.Sequence sequence = new Reference.Sequence(model, tokens.length)) {
            float[] logits = {};
            for (int at = 0; at < tokens.length; at += chunk) {
                logits = sequence.forward(Arrays.copyOfRange(tokens, at, Math.min(tokens.length, at + chunk)));
            }
            return logits;
        }
    }

    static ModelSettings settings(Path folder, DtypeChoice dtype) {
        return new ModelSettings(folder, folder.getFileName().toString(), dtype, 2, 16);
    }
}
