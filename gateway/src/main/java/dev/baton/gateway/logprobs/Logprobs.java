package dev.baton.gateway.logprobs;

import dev.baton.protocol.v1.TokenLogprob;
import java.util.Arrays;

/**
 * Log probabilities of some tokens in a row, as ids and numbers: a twentieth of their JSON. One thread at a time.
 *
 * <p>An entry is a token, the bits of its log probability, its offset in the answer's text, the count of its alternatives,
 * and for each of those its token and bits.
 */
public final class Logprobs {
    private static final int HEAD = 4;
    private static final int NONE = Float.floatToIntBits(Float.NaN);

    private int[] words;
    private int used;
    private int count;

    private Logprobs(int[] words) {
        this.words = words;
        this.used = words.length;
        this.count = 1;
    }

    /** @param offset characters of the answer before this token */
    public static Logprobs of(int token, TokenLogprob logprob, int offset) {
        int alternatives = logprob.getTopIdsCount();
        int[] words = new int[HEAD + 2 * alternatives];
        words[0] = token;
        words[1] = Float.floatToRawIntBits(logprob.getLogprob());
        words[2] = offset;
        words[3] = alternatives;
        for (int i = 0; i < alternatives; i++) {
            words[HEAD + 2 * i] = logprob.getTopIds(i);
            words[HEAD + 2 * i + 1] = Float.floatToRawIntBits(logprob.getTopLogprobs(i));
        }
        return new Logprobs(words);
    }

    /** Of a token that nothing comes before, so that it has none. */
    public static Logprobs first(int token, int offset) {
        return new Logprobs(new int[] {token, NONE, offset, 0});
    }

    /** Adds the entries of {@code next} behind these. */
    public void add(Logprobs next) {
        int needed = used + next.used;
        if (needed > words.length) {
            words = Arrays.copyOf(words, Math.max(needed, used + used / 2));
        }
        System.arraycopy(next.words, 0, words, used, next.used);
        used = needed;
        count += next.count;
    }

    /** How many tokens. */
    public int count() {
        return count;
    }

    /** Memory that these entries take at most; the same whether they are in one object or in several. */
    public long bytes() {
        return 6L * used + 16L * count;
    }

    /** Where the entry behind the one at {@code entry} begins; {@link #end} after the last. */
    int next(int entry) {
        return entry + HEAD + 2 * words[entry + 3];
    }

    int end() {
        return used;
    }

    int token(int entry) {
        return words[entry];
    }

    boolean has(int entry) {
        return words[entry + 1] != NONE;
    }

    float logprob(int entry) {
        return finite(words[entry + 1]);
    }

    int offset(int entry) {
        return words[entry + 2];
    }

    int alternatives(int entry) {
        return words[entry + 3];
    }

    int alternative(int entry, int index) {
        return words[entry + HEAD + 2 * index];
    }

    float alternativeLogprob(int entry, int index) {
        return finite(words[entry + HEAD + 2 * index + 1]);
    }

    /** JSON has no infinity; clients know -9999 as "impossible". */
    private static float finite(int bits) {
        float logprob = Float.intBitsToFloat(bits);
        return Float.isFinite(logprob) ? logprob : -9999f;
    }
}
