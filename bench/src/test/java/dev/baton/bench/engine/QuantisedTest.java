package dev.baton.bench.engine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.OpenModel;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.model.FamiliesContract;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import dev.baton.model.Models;
import dev.baton.model.Reference;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models whose weights are rounded while they are read. */
class QuantisedTest {
    private static final int BLOCK = 16;
    private static final Path HELD_OUT = Reference.RESOURCES.resolve("demo").resolve("held-out.json");

    static Stream<String> families() throws IOException {
        return FamiliesContract.families();
    }

    @Test
    void onHeldOutTextTheyLoseAtMostOnePerCentWithRoundedActivationsThreeAndWithFourBitsFive() throws IOException {
        List<int[]> documents = Perplexity.documents(HELD_OUT);
        double stored = perplexity(WeightChoice.STORED, documents);
        double int8 = perplexity(WeightChoice.INT8, documents);
        double w8a8 = perplexity(WeightChoice.W8A8, documents);
        double int4 = perplexity(WeightChoice.INT4, documents);
        SoftAssertions.assertSoftly(softly -> {
            softly.assertThat(stored).as("bf16, by the reference 1.36647").isBetween(1.365, 1.368);
            softly.assertThat(int8 / stored).as("int8 over bf16").isBetween(0.99, 1.01);
            softly.assertThat(w8a8 / stored).as("W8A8 over bf16").isBetween(0.99, 1.03);
            softly.assertThat(int4 / stored).as("4 bits over bf16").isBetween(0.99, 1.05);
            softly.assertThat(Set.of(stored, int8, w8a8, int4))
                    .as("four roundings")
                    .hasSize(4);
        });
    }

    private static double perplexity(WeightChoice weights, List<int[]> documents) throws IOException {
        try (OpenModel model = open(Reference.DEMO, weights, 2)) {
            return Perplexity.of(model, documents);
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void inEveryFamilyNoBitDependsOnChunksOnTheBatchOrOnThreads(String family) throws IOException {
        Path folder = Reference.RESOURCES.resolve("families").resolve(family);
        Reference.Case one = Reference.read(folder).cases().getLast();
        int[] tokens = Arrays.copyOf(one.tokens(), one.positions()[0] + 1);
        for (WeightChoice weights : List.of(WeightChoice.INT8, WeightChoice.W8A8, WeightChoice.INT4)) {
            float[] expected;
            try (OpenModel model = open(folder, weights, 1)) {
                assertThat(model.shape(1).exact()).isTrue();
                expected = logits(model, tokens, 1, tokens.length);
                assertThat(Reference.difference(expected, one.logits()[0]))
                        .as("%s is rounded, but not wrong", weights)
                        .isBetween(1e-6, weights == WeightChoice.INT4 ? 0.5 : 0.3);
            }
            try (OpenModel model = open(folder, weights, 2)) {
                for (int batch : new int[] {1, 3}) {
                    for (int chunk : new int[] {1, 7, tokens.length}) {
                        assertThat(logits(model, tokens, batch, chunk))
                                .as("%s, chunks of %d in a batch of %d", weights, chunk, batch)
                                .isEqualTo(expected);
                    }
                }
            }
        }
    }

    @Test
    void noKvPassesBetweenDifferentRoundings() throws IOException {
        Set<Long> fingerprints = new HashSet<>();
        for (DtypeChoice dtype : List.of(DtypeChoice.BF16, DtypeChoice.F32)) {
            for (WeightChoice weights : WeightChoice.values()) {
                Path folder = Reference.RESOURCES.resolve("families").resolve("llama2");
                ModelSettings settings = new ModelSettings(folder, "m", new Precision(dtype, weights), 1, BLOCK);
                try (OpenModel model = Models.open(settings, (done, of) -> {})) {
                    fingerprints.add(model.shape(1).fingerprint());
                    assertThat(model.shape(1).numerics())
                            .contains(
                                    switch (weights) {
                                        case STORED, BF16 -> "f32 arithmetic";
                                        case INT8 -> "int8 weights";
                                        case W8A8, INT4 -> "int8 activations";
                                    });
                }
            }
        }
        assertThat(fingerprints).hasSize(10);
    }

    /** Of the last token, the sequence being the last of a batch whose others are shorter. */
    private static float[] logits(OpenModel model, int[] tokens, int batch, int chunk) {
        int each = Math.ceilDiv(tokens.length, BLOCK);
        KvLayout layout = model.layout(each * batch);
        try (Arena arena = Arena.ofShared();
                ModelRunner runner = model.bind(new KvRegion(layout, arena.allocate(layout.bytes(), 64)))) {
            MemorySegment logits = MemorySegment.NULL;
            for (int at = 0; at < tokens.length; at += chunk) {
                int end = Math.min(tokens.length, at + chunk);
                List<ModelRunner.Slice> slices = new ArrayList<>();
                for (int s = 0; s < batch; s++) {
                    int first = s * each;
                    int[] blocks = new int[each];
                    Arrays.setAll(blocks, i -> first + i);
                    int until = s == batch - 1 ? end : Math.max(at + 1, end - 2);
                    slices.add(
                            new ModelRunner.Slice(Arrays.copyOfRange(tokens, at, until), at, blocks, s == batch - 1));
                }
                logits = runner.forward(slices, layer -> {});
            }
            return logits.toArray(JAVA_FLOAT);
        }
    }

    private static OpenModel open(Path folder, WeightChoice weights, int threads) throws IOException {
        Precision precision = new Precision(DtypeChoice.BF16, weights);
        return Models.open(new ModelSettings(folder, "quantised", precision, threads, BLOCK), (done, of) -> {});
    }
}
