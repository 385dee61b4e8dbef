package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.checkpoint.ModelFiles;
import dev.baton.engine.OpenModel;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The tiny checkpoints of every family as llama.cpp's converter writes them, against the folders that they were made from. */
class GgufFamiliesTest {
    private static final Path FILES = Reference.RESOURCES.resolve("gguf");
    /** What these two do is not in their files: Mistral's window, and a scale of attention that no published Gemma 2 has. */
    private static final Set<String> LOSSY = Set.of("mistral", "gemma2");

    static Stream<String> families() throws IOException {
        try (Stream<Path> files = Files.list(FILES)) {
            return files.map(file -> file.getFileName().toString().replace(".gguf", "")).sorted().toList().stream();
        }
    }

    static Stream<String> faithfulFamilies() throws IOException {
        return families().filter(family -> !LOSSY.contains(family));
    }

    @ParameterizedTest
    @MethodSource("families")
    void everyTensorIsThatOfTheFolder(String family) throws IOException {
        try (Checkpoint folder = Checkpoint.open(
                        ModelFiles.of(folder(family)), new Precision(DtypeChoice.F32, WeightChoice.STORED));
                Checkpoint file = Checkpoint.open(
                        ModelFiles.of(file(family)), new Precision(DtypeChoice.F32, WeightChoice.STORED))) {
            assertThat(file.names()).containsAll(folder.names());
            for (String name : folder.names()) {
                assertThat(values(file, name)).as(name).isEqualTo(values(folder, name));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("faithfulFamilies")
    void logitsAndGreedyTokensAreThoseOfTheReference(String family) throws IOException {
        Reference reference = Reference.read(folder(family));
        try (OpenModel model = OpenedBy.KERNELS.open(new ModelSettings(file(family), family, DtypeChoice.F32, 2, 16))) {
            assertThat(model.shape(1).exact()).isTrue();
            for (Reference.Case one : reference.cases()) {
                for (int i = 0; i < one.positions().length; i++) {
                    int[] tokens = Arrays.copyOf(one.tokens(), one.positions()[i] + 1);
                    try (Reference.Sequence sequence = new Reference.Sequence(model, tokens.length)) {
                        assertThat(Reference.difference(sequence.forward(tokens), one.logits()[i]))
                                .as("prompt of %d at %d", one.prompt().length, one.positions()[i])
                                .isLessThan(1e-4);
                    }
                }
                assertThat(greedy(model, one)).containsExactly(one.continuation());
            }
        }
    }

    private static int[] greedy(OpenModel model, Reference.Case one) {
        int[] tokens = new int[one.continuation().length];
        try (Reference.Sequence sequence =
                new Reference.Sequence(model, one.prompt().length + one.continuation().length)) {
            float[] logits = sequence.forward(one.prompt());
            for (int i = 0; i < tokens.length; i++) {
                tokens[i] = Reference.best(logits);
                logits = sequence.forward(tokens[i]);
            }
        }
        return tokens;
    }

    private static float[] values(Checkpoint checkpoint, String name) {
        StoredTensor tensor = checkpoint.read(name);
        float[] all = new float[(int) (tensor.rows() * tensor.columns())];
        try (Arena arena = Arena.ofConfined()) {
            if (tensor.shape().length == 1) {
                MemorySegment vector = arena.allocate(all.length * 4L);
                tensor.widen(0, vector);
                MemorySegment.copy(vector, JAVA_FLOAT, 0, all, 0, all.length);
            }
            MemorySegment row = arena.allocate(tensor.columns() * 4);
            for (int i = 0; i < tensor.rows() && tensor.shape().length == 2; i++) {
                tensor.widenRow(i, row);
                MemorySegment.copy(row, JAVA_FLOAT, 0, all, i * (int) tensor.columns(), (int) tensor.columns());
            }
        }
        return all;
    }

    private static Path folder(String family) {
        return Reference.RESOURCES.resolve("families").resolve(family);
    }

    private static Path file(String family) {
        return FILES.resolve(family + ".gguf");
    }
}
