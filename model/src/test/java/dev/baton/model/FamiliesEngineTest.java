package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.OpenModel;
import dev.baton.model.DemoEngineTest.Expected;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every family through the whole engine: the 64 greedy tokens that transformers made, whether a prompt comes in one chunk
 * beside others, in many, from cached blocks, or from another worker's pool.
 */
class FamiliesEngineTest {
    private static final int BLOCK = 8;

    static Stream<Arguments> familiesBothWays() throws IOException {
        try (Stream<Path> folders = Files.list(Reference.RESOURCES.resolve("families"))) {
            List<String> names = folders.map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList();
            return names.stream().flatMap(family -> Stream.of(OpenedBy.values()).map(way -> Arguments.of(family, way)));
        }
    }

    @ParameterizedTest
    @MethodSource("familiesBothWays")
    void greedyTokensAreThoseOfTheReferenceBatchedCachedChunkedAndHandedOver(String family, OpenedBy way)
            throws IOException {
        Path folder = Reference.RESOURCES.resolve("families").resolve(family);
        List<Expected> expected = new ArrayList<>();
        int wholeBlocks = 0;
        for (Reference.Case one : Reference.read(folder).cases()) {
            List<Integer> tokens = Arrays.stream(one.continuation()).boxed().toList();
            assertThat(tokens).hasSize(64);
            expected.add(new Expected(DemoEngineTest.generation("prompt" + one.prompt().length, one), tokens));
            wholeBlocks += (one.prompt().length - 1) / BLOCK * BLOCK;
        }
        assertThat(wholeBlocks).isGreaterThan(100);
        try (OpenModel model = way.open(new ModelSettings(folder, family, DtypeChoice.F32, 2, BLOCK))) {
            DemoEngineTest.batchedThenCached(model, expected, wholeBlocks);
            DemoEngineTest.chunked(model, expected);
            for (Expected one : way == OpenedBy.KERNELS ? expected : List.of(expected.getLast())) {
                DemoEngineTest.handedOver(model, one);
            }
        }
    }
}
