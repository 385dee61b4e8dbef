package dev.baton.grammar;

import java.util.Arrays;

/**
 * The tokens of a vocabulary that consist of certain characters alone, and where the others leave them. Many states of an
 * automaton read such characters one after the other, inside of a string for instance: what they allow is then found from
 * this, without a walk over all tokens. Immutable.
 */
final class Run {
    /** Tokens with more characters are looked at one by one. */
    private static final int LONGEST = 32;

    /** By characters: a bit for each token that has at most so many and no others; one that is cut counts. */
    private final long[][] upTo;

    private final int[] longTokens;
    private final int[] longLengths;

    /** Nodes at which tokens leave the run. */
    final int[] exits;
    /** By exit: characters before it, and bytes of a character that has begun. */
    final short[] charsBefore;

    final byte[] begun;
    /** By exit: the byte that leads there. */
    final byte[] bytes;
    /** Characters of the longest token, or before the farthest exit. */
    final int longest;

    /**
     * The characters of a run.
     *
     * @param low of the first 64, a bit for each
     * @param high of the 64 after them
     * @param beyond all others too
     */
    record Chars(long low, long high, boolean beyond) {
        boolean has(int b) {
            return ((b < 64 ? low : high) >>> b & 1) != 0;
        }

        int first() {
            return low != 0 ? Long.numberOfTrailingZeros(low) : 64 + Long.numberOfTrailingZeros(high);
        }

        int count() {
            return Long.bitCount(low) + Long.bitCount(high);
        }
    }

    private static final class Ints {
        private int[] all = new int[64];
        private int count;

        void add(int value) {
            if (count == all.length) {
                all = Arrays.copyOf(all, 2 * count);
            }
            all[count++] = value;
        }

        int[] trimmed() {
            return Arrays.copyOf(all, count);
        }
    }

    Run(Vocabulary vocabulary, Chars chars) {
        Ints nodes = new Ints();
        Ints before = new Ints();
        Ints partly = new Ints();
        Ints tokens = new Ints();
        Ints lengths = new Ints();
        int most = 0;
        // By depth: whole characters so far, bytes of the one that has begun, and its state.
        int[] count = new int[Short.MAX_VALUE];
        int[] begunBytes = new int[Short.MAX_VALUE];
        int[] state = new int[Short.MAX_VALUE];
        int node = 0;
        while (node < vocabulary.nodes()) {
            int depth = vocabulary.depth(node);
            int b = vocabulary.byteOf(node);
            int next = Utf8.next(state[depth - 1], b);
            boolean whole = state[depth - 1] == Utf8.START && b < 0x80;
            if (next == Utf8.NONE || (whole ? !chars.has(b) : !chars.beyond())) {
                nodes.add(node);
                before.add(count[depth - 1]);
                partly.add(begunBytes[depth - 1]);
                most = Math.max(most, count[depth - 1]);
                node = vocabulary.end(node);
                continue;
            }
            boolean ends = next == Utf8.START;
            state[depth] = next;
            count[depth] = count[depth - 1] + (ends ? 1 : 0);
            begunBytes[depth] = ends ? 0 : begunBytes[depth - 1] + 1;
            // A character that has begun can end, so a token that is cut there needs room for it and nothing else.
            int length = count[depth] + (ends ? 0 : 1);
            int last = vocabulary.firstToken(node + 1);
            for (int place = vocabulary.firstToken(node); place < last; place++) {
                tokens.add(vocabulary.tokenAt(place));
                lengths.add(length);
                most = Math.max(most, length);
            }
            node++;
        }
        this.longest = most;
        this.exits = nodes.trimmed();
        this.charsBefore = new short[exits.length];
        this.begun = new byte[exits.length];
        this.bytes = new byte[exits.length];
        for (int i = 0; i < exits.length; i++) {
            charsBefore[i] = (short) before.all[i];
            begun[i] = (byte) partly.all[i];
            bytes[i] = (byte) vocabulary.byteOf(exits[i]);
        }
        Ints far = new Ints();
        Ints farLengths = new Ints();
        this.upTo = new long[Math.min(LONGEST, most) + 1][];
        int words = (vocabulary.size() + 63) / 64;
        long[][] exactly = new long[upTo.length][words];
        for (int i = 0; i < tokens.count; i++) {
            int length = lengths.all[i];
            if (length < exactly.length) {
                exactly[length][tokens.all[i] >> 6] |= 1L << tokens.all[i];
            } else {
                far.add(tokens.all[i]);
                farLengths.add(length);
            }
        }
        for (int length = 1; length < exactly.length; length++) {
            for (int w = 0; w < words; w++) {
                exactly[length][w] |= exactly[length - 1][w];
            }
        }
        System.arraycopy(exactly, 0, upTo, 0, upTo.length);
        this.longTokens = far.trimmed();
        this.longLengths = farLengths.trimmed();
    }

    /** Adds the tokens of at most so many characters. */
    void add(int most, long[] mask) {
        long[] all = upTo[Math.min(most, upTo.length - 1)];
        for (int w = 0; w < mask.length; w++) {
            mask[w] |= all[w];
        }
        for (int i = 0; i < longTokens.length; i++) {
            if (longLengths[i] <= most) {
                mask[longTokens[i] >> 6] |= 1L << longTokens[i];
            }
        }
    }
}
