package dev.baton.model;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelRunner.Slice;
import dev.baton.engine.ModelShape;
import dev.baton.engine.OpenModel;
import dev.baton.engine.sampling.LogitOps;
import dev.baton.kernel.Attention;
import dev.baton.kv.KvRegion;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is checked of a model when it is opened, and that it finds what it looks for. */
class SelfCheckTest {
    /** Beyond it the kernels multiply in another way. */
    private static final int FEW_ROWS = 24;

    private OpenModel model;

    @BeforeEach
    void open() throws IOException {
        model = DemoModelContract.open(OpenedBy.KERNELS, DtypeChoice.BF16);
    }

    @AfterEach
    void close() {
        model.close();
    }

    /** What is done to one pass of the model. */
    private interface Fault {
        /** True when it was applied. */
        boolean apply(List<Slice> slices, MemorySegment logits, KvRegion region);
    }

    @Test
    void itTakesManyRowsFewRowsAndARowBetweenOthersBeyondTheFirstSpan() {
        List<List<Slice>> passes = new ArrayList<>();
        assertThat(SelfCheck.holds(
                        model,
                        SelfCheck.OF_OUR_KERNELS,
                        region -> watched(region, (slices, logits, kv) -> passes.add(slices)),
                        model::bind))
                .isTrue();
        assertThat(passes).anyMatch(slices -> slices.size() == 1 && rows(slices) > FEW_ROWS);
        assertThat(passes).anyMatch(slices -> slices.size() == 1 && rows(slices) > 1 && rows(slices) < FEW_ROWS);
        assertThat(passes).anyMatch(slices -> slices.size() == 3 && rows(slices) > FEW_ROWS);
        assertThat(passes).anyMatch(slices -> slices.size() == 3 && rows(slices) == 3);
        assertThat(passes)
                .anyMatch(slices -> slices.getFirst().position() < Attention.SPAN
                        && slices.getFirst().position() + rows(slices) > Attention.SPAN + 30);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void oneBitOfALogitThatDependsOnTheBatchIsFound(int batch) {
        assertThat(holdsWith((slices, logits, region) -> slices.size() == batch
                        && (batch == 3 || rows(slices) < FEW_ROWS)
                        && flip(
                                logits,
                                (long) slices.size() / 2 * model.shape(1).vocab())))
                .isFalse();
    }

    @Test
    void oneBitOfTheKvThatDependsOnTheChunkIsFound() {
        assertThat(holdsWith((slices, logits, region) -> rows(slices) < FEW_ROWS
                        && slices.size() == 1
                        && flip(region.layerBlock(3, slices.getFirst().blocks()[2]), 7)))
                .isFalse();
    }

    @Test
    void oneBitThatDependsOnTheNumberOfThreadsIsFound() {
        boolean[] applied = new boolean[1];
        Fault fault = (slices, logits, region) -> flip(logits, 5);
        assertThat(SelfCheck.holds(
                        model, SelfCheck.OF_OUR_KERNELS, model::bind, region -> faulty(region, fault, applied)))
                .isFalse();
        assertThat(applied[0]).as("fault applied").isTrue();
    }

    private boolean holdsWith(Fault fault) {
        boolean[] applied = new boolean[1];
        boolean holds = SelfCheck.holds(model, SelfCheck.OF_OUR_KERNELS, region -> faulty(region, fault, applied));
        assertThat(applied[0]).as("fault applied").isTrue();
        return holds;
    }

    private ModelRunner watched(KvRegion region, Fault watching) {
        return faulty(region, watching, new boolean[1]);
    }

    private ModelRunner faulty(KvRegion region, Fault fault, boolean[] applied) {
        ModelRunner runner = model.bind(region);
        return new ModelRunner() {
            @Override
            public ModelShape shape() {
                return runner.shape();
            }

            @Override
            public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                MemorySegment logits = runner.forward(slices, progress);
                applied[0] |= fault.apply(slices, logits, region);
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

    private static int rows(List<Slice> slices) {
        return slices.stream().mapToInt(slice -> slice.tokens().length).sum();
    }

    private static boolean flip(MemorySegment words, long index) {
        words.setAtIndex(JAVA_INT, index, words.getAtIndex(JAVA_INT, index) ^ 1);
        return true;
    }
}
