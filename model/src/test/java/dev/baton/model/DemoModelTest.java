package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.OpenModel;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DemoModelTest {
    @ParameterizedTest
    @CsvSource({"KERNELS, 1", "TORCH, 6"})
    void inF32LogitsAndSixtyFourGreedyTokensAreThoseOfTheReference(OpenedBy way, int every) throws IOException {
        Reference reference = Reference.read(Reference.RESOURCES.resolve("demo"));
        assertThat(reference.cases()).hasSizeGreaterThanOrEqualTo(20);
        try (OpenModel model = open(way, DtypeChoice.F32)) {
            for (int c = 0; c < 24; c += every) {
                Reference.Case one = reference.cases().get(c);
                for (int i = 0; i < one.positions().length; i++) {
                    try (Reference.Sequence sequence = new Reference.Sequence(model, one.tokens().length)) {
                        float[] logits = sequence.forward(Arrays.copyOf(one.tokens(), one.positions()[i] + 1));
                        assertThat(Reference.difference(logits, one.logits()[i]))
                                .as("%s at %d", one.name(), one.positions()[i])
                                .isLessThan(1e-4);
                    }
                }
                assertThat(greedy(model, one.prompt(), one.continuation().length))
                        .as(one.name())
                        .containsExactly(one.continuation());
            }
        }
    }

    /** Each next token after the reference's own tokens, so that one early difference is not counted again and again. */
    @Test
    void inBf16GreedyTokensAreThoseOfTheReferenceButForOneInAHundred() throws IOException {
        Reference reference = Reference.read(Reference.RESOURCES.resolve("demo"));
        int same = 0;
        int all = 0;
        try (OpenModel model = open(OpenedBy.KERNELS, DtypeChoice.BF16)) {
            for (Reference.Case one : reference.cases().subList(0, 24)) {
                int[] expected = one.continuation();
                try (Reference.Sequence sequence =
                        new Reference.Sequence(model, one.prompt().length + expected.length)) {
                    float[] logits = sequence.forward(one.prompt());
                    for (int token : expected) {
                        same += Reference.best(logits) == token ? 1 : 0;
                        all++;
                        logits = sequence.forward(token);
                    }
                }
            }
        }
        assertThat(all).isGreaterThan(1_000);
        assertThat((double) same / all).as("%d of %d tokens", same, all).isGreaterThan(0.99);
    }

    @ParameterizedTest
    @EnumSource
    void inBf16LogitsStayNearTheReference(OpenedBy way) throws IOException {
        Reference reference = Reference.read(Reference.RESOURCES.resolve("demo"));
        try (OpenModel model = open(way, DtypeChoice.BF16)) {
            for (Reference.Case one : reference.cases().subList(0, 10)) {
                try (Reference.Sequence sequence = new Reference.Sequence(model, one.tokens().length)) {
                    float[] logits = sequence.forward(Arrays.copyOf(one.tokens(), one.positions()[0] + 1));
                    assertThat(Reference.difference(logits, one.logits()[0]))
                            .as(one.name())
                            .isLessThan(0.02);
                }
            }
        }
    }

    static OpenModel open(OpenedBy way, DtypeChoice dtype) throws IOException {
        return way.open(new ModelSettings(Reference.DEMO, "demo", dtype, 2, 64));
    }

    static int[] greedy(OpenModel model, int[] prompt, int steps) {
        int[] tokens = new int[steps];
        try (Reference.Sequence sequence = new Reference.Sequence(model, prompt.length + steps)) {
            float[] logits = sequence.forward(prompt);
            for (int i = 0; i < steps; i++) {
                tokens[i] = Reference.best(logits);
                if (i + 1 < steps) {
                    logits = sequence.forward(tokens[i]);
                }
            }
        }
        return tokens;
    }
}
