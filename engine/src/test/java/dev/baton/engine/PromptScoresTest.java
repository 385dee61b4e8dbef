package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.schedule.Goal;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.TokenLogprob;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tokens of a prompt are as likely as when they were drawn one by one. */
class PromptScoresTest {
    private static final int PROMPT = 5;
    private static final int MADE = 30;

    /** Keeps log-probabilities too. */
    private static final class Hearing extends RecordingListener {
        final List<@Nullable TokenLogprob> logprobs = new ArrayList<>();

        @Override
        public void token(int index, int token, @Nullable TokenLogprob logprob) {
            super.token(index, token, logprob);
            logprobs.add(logprob);
        }

        List<TokenLogprob> prompt() {
            return Objects.requireNonNull(logprobs.getFirst()).getPromptList();
        }
    }

    private static Generation asking(String id, List<Integer> prompt, int tokens, boolean scores) {
        Sampling.Builder sampling = Sampling.newBuilder().setLogprobs(true).setTopLogprobs(2);
        if (scores) {
            sampling.setPromptLogprobs(2);
        }
        return Bench.generation(id, prompt, tokens).toBuilder()
                .setSampling(sampling)
                .build();
    }

    private static Hearing run(Bench bench, Generation generation, Goal goal) {
        Hearing heard = new Hearing();
        bench.admit(generation, goal, heard);
        bench.settle();
        return heard;
    }

    private static List<Integer> all(Hearing drawn) {
        List<Integer> all = new ArrayList<>(Bench.prompt(1, PROMPT));
        all.addAll(drawn.tokens);
        return all;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void scoresAreThoseOfTheTokensWhenTheyWereDrawn(boolean here) {
        try (Bench bench = new Bench(Role.BOTH, 128)) {
            Hearing drawn = run(bench, asking("drawn", Bench.prompt(1, PROMPT), MADE, false), Goal.PREFILL_AND_DECODE);
            // Its blocks are cached now: they must be computed nevertheless.
            Hearing again =
                    run(bench, asking("scored", all(drawn), 3, true), here ? Goal.PREFILL_AND_DECODE : Goal.PREFILL);
            assertThat(again.cachedTokens).isZero();
            assertThat(again.prompt()).hasSize(PROMPT + MADE - 1);
            assertThat(again.prompt().subList(PROMPT - 1, PROMPT + MADE - 1)).isEqualTo(drawn.logprobs);
            Hearing plain = run(bench, asking("plain", all(drawn), 3, false), Goal.PREFILL_AND_DECODE);
            assertThat(plain.cachedTokens).isPositive();
            assertThat(again.tokens).isEqualTo(plain.tokens.subList(0, again.tokens.size()));
        }
    }

    @Test
    void severalAtOnceInATightPoolScoreAlikeAndHarmNobody() {
        Generation other = asking("other", Bench.prompt(2, 9), 20, false);
        List<Integer> alone = Bench.alone(other);
        List<Hearing> wide = scored(128, other);
        List<Hearing> tight = scored(24, other);
        for (int i = 0; i < 3; i++) {
            assertThat(tight.get(i).prompt()).isEqualTo(wide.get(i).prompt()).hasSize(39);
            assertThat(tight.get(i).tokens).isEqualTo(wide.get(i).tokens);
        }
        assertThat(tight.get(3).tokens).isEqualTo(alone);
        assertThat(wide.get(3).tokens).isEqualTo(alone);
    }

    private static List<Hearing> scored(int blocks, Generation other) {
        List<Hearing> heard = new ArrayList<>();
        try (Bench bench = new Bench(Role.BOTH, blocks)) {
            for (int i = 0; i < 3; i++) {
                heard.add(new Hearing());
                bench.admit(asking("s" + i, Bench.prompt(i, 40), 8, true), Goal.PREFILL_AND_DECODE, heard.get(i));
            }
            heard.add(new Hearing());
            bench.admit(other, Goal.PREFILL_AND_DECODE, heard.get(3));
            bench.settle();
        }
        return heard;
    }

    @Test
    void itSaysNothingOfHowLongOthersTakeOrWait() {
        AtomicReference<Bench> timed = new AtomicReference<>();
        UnaryOperator<ModelRunner> slow = runner -> new WrappedRunner(runner) {
            @Override
            public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                timed.get().millis += 10;
                return super.forward(slices, progress);
            }
        };
        try (Bench bench = new Bench(Role.BOTH, 128, 8, slow)) {
            timed.set(bench);
            bench.admit(asking("scored", Bench.prompt(1, 40), 1, true), Goal.PREFILL_AND_DECODE, new Hearing());
            bench.runOnce();
            assertThat(bench.load().queuedTokens()).isEqualTo(Bench.BLOCK);
            bench.settle();
            assertThat(bench.load().prefillTokensPerSecond()).isZero();
            bench.admit(asking("plain", Bench.prompt(2, 20), 1, false), Goal.PREFILL_AND_DECODE, new Hearing());
            bench.settle();
            assertThat(bench.load().prefillTokensPerSecond()).isEqualTo(2_000);
        }
    }

    @Test
    void whatHasItsFirstTokenIsNotScoredAgain() {
        try (Bench bench = new Bench(Role.BOTH, 128)) {
            Generation resumed = asking("r", Bench.prompt(1, PROMPT), 4, true).toBuilder()
                    .addAccepted(3)
                    .build();
            assertThat(run(bench, resumed, Goal.PREFILL_AND_DECODE).prompt()).isEmpty();
        }
    }
}
