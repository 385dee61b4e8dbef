package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.OpenModel;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Tiny random checkpoints of every family against what transformers computed with them. */
public class FamiliesTest {
    public static Stream<String> families() throws IOException {
        try (Stream<Path> folders = Files.list(Reference.RESOURCES.resolve("families"))) {
            return folders.map(folder -> folder.getFileName().toString()).sorted().toList().stream();
        }
    }

    static Stream<Arguments> familiesBothWays() throws IOException {
        return families().flatMap(family -> Stream.of(OpenedBy.values()).map(way -> Arguments.of(family, way)));
    }

    @Test
    void everySupportedArchitectureHasACheckpointHere() throws IOException {
        List<String> held = new ArrayList<>();
        for (String family : families().toList()) {
            Path folder = Reference.RESOURCES.resolve("families").resolve(family);
            held.add(ModelConfig.read(folder).family.architecture());
        }
        assertThat(held)
                .containsAll(Family.ALL.stream().map(Family::architecture).toList());
    }

    @ParameterizedTest
    @MethodSource("familiesBothWays")
    void inF32LogitsAndGreedyTokensAreThoseOfTheReferenceInOneChunkAndInMany(String family, OpenedBy way)
            throws IOException {
        Path folder = Reference.RESOURCES.resolve("families").resolve(family);
        Reference reference = Reference.read(folder);
        assertThat(reference.cases()).isNotEmpty();
        try (OpenModel model = way.open(settings(folder, DtypeChoice.F32))) {
            boolean exact = model.shape(1).exact();
            assertThat(exact || way == OpenedBy.TORCH)
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
                    assertThat(DemoModelTest.greedy(model, one.prompt(), one.continuation().length))
                            .containsExactly(one.continuation());
                }
            }
        }
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

    private static float[] logits(OpenModel model, int[] tokens, int chunk) {
        try (Reference.Sequence sequence = new Reference.Sequence(model, tokens.length)) {
            float[] logits = {};
            for (int at = 0; at < tokens.length; at += chunk) {
                logits = sequence.forward(Arrays.copyOfRange(tokens, at, Math.min(tokens.length, at + chunk)));
            }
            return logits;
        }
    }

    private static ModelSettings settings(Path folder, DtypeChoice dtype) {
        return new ModelSettings(folder, folder.getFileName().toString(), dtype, 2, 16);
    }
}
