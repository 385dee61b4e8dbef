package dev.baton.bench.engine.exact;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelShape;
import dev.baton.engine.OpenModel;
import dev.baton.engine.sampling.LogitOps;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.Models;
import dev.baton.model.Reference;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The matrix that {@code ./baton bench engine --exact} runs on full shapes, on small ones; and that it finds what differs. */
class ExactMatrixTest {
    private static final ExactMatrix.Sizes SIZES = new ExactMatrix.Sizes(230, 70);

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void theDemoModelMakesTheSameBitsInEveryArrangementWithOneThreadAndTwo(DtypeChoice dtype) throws IOException {
        ExactMatrix matrix = new ExactMatrix(1024, SIZES);
        for (int threads : new int[] {1, 2}) {
            try (OpenModel model = open(Reference.DEMO, dtype, threads)) {
                List<Comparison> comparisons = new ArrayList<>();
                assertThat(matrix.run(model, comparisons::add)).isTrue();
                assertThat(comparisons)
                        .hasSize(10 + ExactMatrix.MOST)
                        .filteredOn(comparison -> !comparison.same())
                        .as("not the same, or not compared with anything")
                        .allMatch(comparison -> threads == 1
                                && comparison.kv() == 0
                                && comparison.arrangement().equals("one chunk"));
            }
        }
    }

    static Stream<Path> families() throws IOException {
        try (Stream<Path> folders = Files.list(Reference.RESOURCES.resolve("families"))) {
            return folders.sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void everyFamilyMakesTheSameBitsInEveryArrangement(Path folder) throws IOException {
        try (OpenModel model = open(folder, DtypeChoice.BF16, 2)) {
            ExactMatrix matrix = new ExactMatrix(model.shape(1).vocab(), SIZES);
            List<Comparison> differing = new ArrayList<>();
            matrix.run(model, comparison -> {
                if (comparison.kvDiffer() + comparison.logitsDiffer() > 0) {
                    differing.add(comparison);
                }
            });
            assertThat(differing).isEmpty();
        }
    }

    @Test
    void oneBitOfALogitThatDependsOnTheBatchIsFound() throws IOException {
        List<Comparison> found = differing((slices, logits) -> {
            if (slices.size() == 5) {
                logits.setAtIndex(JAVA_INT, 0, logits.getAtIndex(JAVA_INT, 0) ^ 1);
            }
        });
        assertThat(found)
                .anyMatch(comparison -> comparison.arrangement().equals("steps in a batch of 5")
                        && comparison.logitsDiffer() == 4
                        && comparison.kvDiffer() == 0);
        assertThat(found)
                .allMatch(comparison -> comparison.arrangement().equals("steps in a batch of 5")
                        || comparison.arrangement().contains("beside steps"));
    }

    @Test
    void oneBitOfTheKvThatDependsOnTheChunkIsFound() throws IOException {
        try (OpenModel real = open(Reference.DEMO, DtypeChoice.BF16, 2)) {
            KvRegion[] region = new KvRegion[1];
            OpenModel model = new Wrapped(real, region, (slices, logits) -> {
                if (slices.getFirst().tokens().length == 100
                        && slices.getFirst().position() == 0) {
                    MemorySegment first =
                            region[0].layerBlock(3, slices.getFirst().blocks()[0]);
                    first.setAtIndex(JAVA_SHORT, 7, (short) (first.getAtIndex(JAVA_SHORT, 7) ^ 1));
                }
            });
            List<Comparison> found = new ArrayList<>();
            assertThat(new ExactMatrix(1024, SIZES).run(model, found::add)).isFalse();
            assertThat(found)
                    .filteredOn(comparison -> comparison.kvDiffer() > 0)
                    .extracting(Comparison::arrangement)
                    .contains("chunks of 100");
        }
    }

    private static List<Comparison> differing(BiConsumer<List<ModelRunner.Slice>, MemorySegment> fault)
            throws IOException {
        List<Comparison> found = new ArrayList<>();
        try (OpenModel real = open(Reference.DEMO, DtypeChoice.BF16, 2)) {
            OpenModel model = new Wrapped(real, new KvRegion[1], fault);
            assertThat(new ExactMatrix(1024, SIZES).run(model, found::add)).isFalse();
        }
        return found.stream()
                .filter(comparison -> comparison.kvDiffer() + comparison.logitsDiffer() > 0)
                .toList();
    }

    /** The model, with something done to what a pass made. */
    private record Wrapped(OpenModel real, KvRegion[] latest, BiConsumer<List<ModelRunner.Slice>, MemorySegment> fault)
            implements OpenModel {
        @Override
        public KvLayout layout(int blocks) {
            return real.layout(blocks);
        }

        @Override
        public ModelShape shape(int blocks) {
            return real.shape(blocks);
        }

        @Override
        public ModelRunner bind(KvRegion region) {
            latest[0] = region;
            ModelRunner runner = real.bind(region);
            return new ModelRunner() {
                @Override
                public ModelShape shape() {
                    return runner.shape();
                }

                @Override
                public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                    MemorySegment logits = runner.forward(slices, progress);
                    fault.accept(slices, logits);
                    return logits;
                }

                @Override
                public LogitOps logitOps() {
                    return runner.logitOps();
                }

                @Override
                public void close() {
                    runner.close();
                }
            };
        }

        @Override
        public void close() {
            real.close();
        }
    }

    private static OpenModel open(Path folder, DtypeChoice dtype, int threads) throws IOException {
        return Models.open(new ModelSettings(folder, "exact", dtype, threads, 16), (done, of) -> {});
    }
}
