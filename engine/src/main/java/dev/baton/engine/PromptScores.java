package dev.baton.engine;

import dev.baton.engine.sampling.Sampler;
import dev.baton.engine.schedule.Goal;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.TokenLogprob;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Log-probabilities of a prompt's tokens but the first, which nothing comes before. One thread. */
final class PromptScores {
    private final int[] prompt;
    private final int alternatives;
    private final @Nullable TokenLogprob[] scores;

    private PromptScores(Generation generation) {
        this.prompt =
                generation.getPromptList().stream().mapToInt(token -> token).toArray();
        this.alternatives = generation.getSampling().getPromptLogprobs();
        this.scores = new TokenLogprob[prompt.length - 1];
    }

    /**
     * Null where nobody asks for them, where the first token is made already, which they come with, and where KV comes from
     * elsewhere.
     */
    static @Nullable PromptScores of(Generation generation, Goal goal) {
        boolean asked = generation.getSampling().hasPromptLogprobs();
        return asked && generation.getAcceptedCount() == 0 && !goal.waitsForKv() ? new PromptScores(generation) : null;
    }

    /**
     * Takes the scores that some rows give.
     *
     * @param from position of the first row; each gives the score of the token after it
     * @param row of the first among {@code logits}
     */
    void take(int from, int to, Sampler sampler, MemorySegment logits, int row) {
        for (int at = from; at < Math.min(to, scores.length); at++) {
            scores[at] = sampler.score(logits, row + at - from, prompt[at + 1], alternatives);
        }
    }

    /** All of them, once every row has been taken. */
    List<TokenLogprob> all() {
        return Arrays.asList(scores);
    }
}
