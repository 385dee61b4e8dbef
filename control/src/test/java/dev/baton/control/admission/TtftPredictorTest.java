package dev.baton.control.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.control.admission.TtftPredictor.Raw;
import org.junit.jupiter.api.Test;

class TtftPredictorTest {
    private final TtftPredictor predictor = new TtftPredictor();

    @Test
    void whereAPlaceIsFreeOnlyPromptsAreAhead() {
        Raw raw = raw(capacity(32, 10, 10, 3_000, false), Ahead.NOTHING, 500);
        assertThat(raw.ahead()).isEqualTo(3.0);
        // One of the two workers computes it.
        assertThat(raw.own()).isEqualTo(1.0);
    }

    @Test
    void whereNoneIsFreeAnswersMustEndFirst() {
        predictor.answered(50);
        Raw raw = raw(capacity(32, 40, 40, 3_000, false), new Ahead(3, 600, 1), 500);
        // 3,600 tokens of prompts, and 40 + 3 + 1 - 32 answers of 50 tokens, at 500 a second.
        assertThat(raw.ahead()).isCloseTo(3.6 + 1.2, within(1e-9));
        assertThat(raw.step()).isCloseTo(0.2 + 0.1, within(1e-9));
    }

    @Test
    void whereOthersComputePromptsTheLongerOfBothCounts() {
        predictor.answered(50);
        assertThat(raw(capacity(32, 40, 40, 3_000, true), Ahead.NOTHING, 500).ahead())
                .isEqualTo(3.0);
        assertThat(raw(capacity(32, 72, 72, 3_000, true), Ahead.NOTHING, 500).ahead())
                .isCloseTo(4.1, within(1e-9));
    }

    @Test
    void ofTwoGatewaysThatSendAlikeEachHasEveryOtherTurn() {
        predictor.answered(50);
        assertThat(raw(capacity(32, 40, 20, 0, false), new Ahead(10, 0, 1), 500).ahead())
                .isCloseTo((40 + 20 + 1 - 32) * 0.1, within(1e-9));
    }

    @Test
    void whatIsCachedIsNotWaitedFor() {
        assertThat(raw(capacity(32, 0, 0, 0, false), Ahead.NOTHING, 1).own()).isEqualTo(0.002);
    }

    @Test
    void nothingIsSaidOfWhatWasNotMeasured() {
        assertThat(predictor.raw(Capacity.UNKNOWN, Ahead.NOTHING, 10)).isEmpty();
        assertThat(predictor.raw(capacity(32, 40, 40, 0, false), Ahead.NOTHING, 10))
                .as("how long answers are")
                .isEmpty();
    }

    @Test
    void learnsHowFarItIsOff() {
        Raw raw = new Raw(4, 1, 0.5);
        assertThat(predictor.measured(raw, 5)).hasValue(1.0);
        for (int i = 0; i < 2_000; i++) {
            predictor.measured(raw, i % 2 == 0 ? 7 : 11);
        }
        // It took 1.5 and 2.5 times as long.
        assertThat(predictor.likely(raw).ahead()).isCloseTo(8, within(0.5));
        assertThat(predictor.cautious(raw).ahead()).isCloseTo(12, within(0.8));
        assertThat(predictor.measured(new Raw(0, 1, 0.5), 5))
                .as("of who was thought not to wait nothing is learned")
                .isEmpty();
    }

    private Raw raw(Capacity capacity, Ahead ahead, int uncached) {
        return predictor.raw(capacity, ahead, uncached).orElseThrow();
    }

    private static Capacity capacity(int places, int sequences, int own, long queued, boolean apart) {
        return new Capacity(1_000, 2, 500, places, sequences, own, queued, apart);
    }
}
