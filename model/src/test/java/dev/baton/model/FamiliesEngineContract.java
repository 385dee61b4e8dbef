package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.OpenModel;
import dev.baton.model.DemoEngineContract.Expected;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every family through the whole engine: the 64 greedy tokens that transformers made, whether a prompt comes in one chunk
 * beside others, in many, from cached blocks, or from another worker's pool.
 */
public abstract class FamiliesEngineContract {
    private static final int BLOCK = 8;

    private final OpenedBy way;

    protected FamiliesEngineContract(OpenedBy way) {
        this.way = way;
    }

    static Stream<String> families() throws IOException {
        return FamiliesContract.families();
    }

    @ParameterizedTest
    @MethodSource("families")
    void greedyTokensAreThoseOfTheReferenceBatchedCachedChunkedAndHandedOver(String family) throws IOException {
        Path folder = Reference.RESOURCES.resolve("families").resolve(family);
        List<Expected> expected = new ArrayList<>();
        int wholeBlocks = 0;
        for (Reference.Case one : Reference.read(folder).cases()) {
            List<Integer> tokens = Arrays.stream(one.continuation()).boxed().toList();
            assertThat(tokens).hasSize(64);
            expected.add(new Expected(DemoEngineContract.generation("prompt" + one.prompt().length, one), tokens));
            wholeBlocks += (one.prompt().length - 1) / BLOCK * BLOCK;
        }
        assertThat(wholeBlocks).isGreaterThan(100);
        try (OpenModel model = way.open(new ModelSettings(folder, family, DtypeChoice.F32, 2, BLOCK))) {
            DemoEngineContract.batchedThenCached(model, expected, wholeBlocks);
            DemoEngineContract.chunked(model, expected);
            for (Expected one : way == OpenedBy.KERNELS ? expected : List.of(expected.getLast())) {
                DemoEngineContract.handedOver(model, one);
            }
        }
    }
}
