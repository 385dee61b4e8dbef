package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.OpenModel;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The demo model's logits and tokens against those of transformers, on whatever runs it. */
public abstract class DemoModelContract {
    private final OpenedBy way;
    private final int every;

    /** @param every of the reference's cases, one in so many is looked at in f32 */
    protected DemoModelContract(OpenedBy way, int every) {
        this.way = way;
        this.every = every;
    }

    @Test
    void inF32LogitsAndSixtyFourGreedyTokensAreThoseOfTheReference() throws IOException {
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

    @Test
    void inBf16LogitsStayNearTheReference() throws IOException {
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
