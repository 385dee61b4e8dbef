package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.OpenModel;
import dev.baton.model.ModelSettings.DtypeChoice;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class DemoModelTest extends DemoModelContract {
    DemoModelTest() {
        super(OpenedBy.KERNELS, 1);
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
}
