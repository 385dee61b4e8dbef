package dev.baton.engine.draft;

import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * Guesses what follows a sequence's last tokens: what followed them where they were seen before, in its prompt or in its
 * answer. Of the latest places with the same two last tokens, the one that agrees with most of the tokens before them. What
 * it has read of the sequence is indexed once.
 */
final class PromptLookup {
    /** Tokens that must agree, at least. */
    private static final int SHORTEST = 3;
    /** Beyond so many another place is no better. */
    private static final int LONGEST = 24;
    /** Places looked at. */
    private static final int PLACES = 24;

    /** By the hash of two tokens: the last position at which they end, plus one. */
    private int[] last = new int[256];
    /** By position: the position before it with the same hash, plus one. */
    private int[] before = new int[128];

    /** Positions below this are indexed. */
    private int indexed = 1;

    /**
     * The guesses, fewer than wanted or none.
     *
     * @param tokens of the sequence, by position
     * @param length of the sequence; it only grows, and what was there stays
     */
    int[] after(IntUnaryOperator tokens, int length, int wanted) {
        if (length <= SHORTEST || wanted < 1) {
            return new int[0];
        }
        index(tokens, length - 1);
        int end = length - 1;
        int best = -1;
        int longest = SHORTEST - 1;
        int place = last[slot(tokens, end)] - 1;
        for (int looked = 0; place >= 0 && looked < PLACES && longest < LONGEST; looked++) {
            int agree = agreement(tokens, place, end);
            if (agree > longest) {
                longest = agree;
                best = place;
            }
            place = before[place] - 1;
        }
        return best < 0 ? new int[0] : following(tokens, best, length, wanted);
    }

    /** Where the place's own continuation ends in the sequence's end, what was guessed goes on being copied: a period. */
    private static int[] following(IntUnaryOperator tokens, int place, int length, int wanted) {
        int[] guesses = new int[wanted];
        for (int i = 0; i < wanted; i++) {
            int from = place + 1 + i;
            guesses[i] = from < length ? tokens.applyAsInt(from) : guesses[from - length];
        }
        return guesses;
    }

    private static int agreement(IntUnaryOperator tokens, int place, int end) {
        int agree = 0;
        while (agree < LONGEST
                && place - agree >= 0
                && tokens.applyAsInt(place - agree) == tokens.applyAsInt(end - agree)) {
            agree++;
        }
        return agree;
    }

    /** Positions below {@code to}. */
    private void index(IntUnaryOperator tokens, int to) {
        if (to > before.length) {
            before = Arrays.copyOf(before, Math.max(to, 2 * before.length));
        }
        if (2 * to > last.length) {
            last = new int[Integer.highestOneBit(4 * to)];
            indexed = 1;
        }
        for (; indexed < to; indexed++) {
            int slot = slot(tokens, indexed);
            before[indexed] = last[slot];
            last[slot] = indexed + 1;
        }
    }

    private int slot(IntUnaryOperator tokens, int end) {
        int hash = tokens.applyAsInt(end - 1) * 0x9E3779B9 + tokens.applyAsInt(end) * 0x85EBCA6B;
        return (hash ^ hash >>> 15) & last.length - 1;
    }
}
