package dev.baton.kv;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The layout of the words of one layer of one block, with their weights: slices of keys, then of values, then of scales, one a
 * head each. A turned kind holds [word][token], another [token][word].
 *
 * @param words 32-bit words of one token in a slice of each kind
 * @param turned a bit a kind
 * @param a weights of the words of a slice, {@code b} likewise
 * @param pa weights of the slices in their order, {@code pb} likewise
 * @param inC the same for C
 */
record DigestShape(
        int heads, int tokens, int[] words, int turned, int[] a, int[] b, long[] pa, long[] pb, MemorySegment inC) {
    static final int KINDS = 3;
    static final int TURNED_KEYS = 1;

    static DigestShape of(int firstHead, int heads, int tokens, int[] words, int turned) {
        int longest = Math.multiplyExact(Math.max(words[0], Math.max(words[1], words[2])), tokens);
        int[] a = new int[longest];
        int[] b = new int[longest];
        for (int c = 0; c < longest; c++) {
            a[c] = DigestWeights.a(c);
            b[c] = DigestWeights.b(c);
        }
        long[] pa = new long[KINDS * heads];
        long[] pb = new long[KINDS * heads];
        int index = 0;
        for (int kind = 0; kind < KINDS; kind++) {
            for (int head = 0; words[kind] > 0 && head < heads; head++, index++) {
                pa[index] = DigestWeights.pa(DigestWeights.slice(kind, firstHead + head));
                pb[index] = DigestWeights.pb(DigestWeights.slice(kind, firstHead + head));
            }
        }
        return new DigestShape(
                heads,
                tokens,
                words,
                turned,
                a,
                b,
                pa,
                pb,
                inC(heads, tokens, words, turned, new Weights(a, b, pa, pb)));
    }

    private record Weights(int[] a, int[] b, long[] pa, long[] pb) {}

    private static MemorySegment inC(int heads, int tokens, int[] words, int turned, Weights weights) {
        Arena arena = Arena.ofAuto();
        return arena.allocateFrom(
                ValueLayout.JAVA_LONG,
                heads,
                tokens,
                words[0],
                words[1],
                words[2],
                turned,
                arena.allocateFrom(ValueLayout.JAVA_INT, weights.a).address(),
                arena.allocateFrom(ValueLayout.JAVA_INT, weights.b).address(),
                arena.allocateFrom(ValueLayout.JAVA_LONG, weights.pa).address(),
                arena.allocateFrom(ValueLayout.JAVA_LONG, weights.pb).address());
    }

    boolean turned(int kind) {
        return (turned >> kind & 1) != 0;
    }

    long bytes() {
        return 4L * heads * tokens * (words[0] + words[1] + words[2]);
    }
}
