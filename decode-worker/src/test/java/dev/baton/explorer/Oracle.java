package dev.baton.explorer;

import java.util.List;

/** A model whose next token depends on all tokens before it, and, where it is not exact, on who computes it. */
public final class Oracle {
    private static final int VOCABULARY = 1 << 30;
    /** One of so many ends the answer. */
    private static final int STOPS = 400;

    private Oracle() {}

    /** The state after tokens. */
    public static long after(long state, int token) {
        return mix(state * 31 + token);
    }

    public static long after(List<Integer> tokens) {
        long state = 17;
        for (int token : tokens) {
            state = after(state, token);
        }
        return state;
    }

    /** @param salt of who computes it; 0 where all compute the same */
    public static int next(long state, long salt) {
        return (int) Math.floorMod(mix(state ^ (salt * 0x9E37_79B9_7F4A_7C15L)), (long) VOCABULARY);
    }

    public static boolean stops(int token) {
        return token % STOPS == 7;
    }

    private static long mix(long value) {
        long mixed = (value ^ (value >>> 30)) * 0xBF58_476D_1CE4_E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D0_49BB_1331_11EBL;
        return mixed ^ (mixed >>> 31);
    }
}
