package dev.baton.grammar;

/** Well-formed UTF-8, byte by byte (Unicode's table 3-7). */
final class Utf8 {
    /** Between two characters. */
    static final int START = 0;

    /** No text has this byte here. */
    static final int NONE = -1;

    /** By state after the start: the bytes that may come, and the state after them. */
    private static final int[][] TAILS = {
        {},
        {0x80, 0xBF, START},
        {0x80, 0xBF, 1},
        {0xA0, 0xBF, 1},
        {0x80, 0x9F, 1},
        {0x80, 0xBF, 2},
        {0x90, 0xBF, 2},
        {0x80, 0x8F, 2},
    };

    /** First bytes of characters beyond ASCII: from, to, and the state after them. */
    private static final int[][] HEADS = {
        {0xC2, 0xDF, 1},
        {0xE0, 0xE0, 3},
        {0xE1, 0xEC, 2},
        {0xED, 0xED, 4},
        {0xEE, 0xEF, 2},
        {0xF0, 0xF0, 6},
        {0xF1, 0xF3, 5},
        {0xF4, 0xF4, 7},
    };

    private Utf8() {}

    static int next(int state, int b) {
        if (state != START) {
            int[] tail = TAILS[state];
            return b >= tail[0] && b <= tail[1] ? tail[2] : NONE;
        }
        if (b < 0x80) {
            return START;
        }
        for (int[] head : HEADS) {
            if (b >= head[0] && b <= head[1]) {
                return head[2];
            }
        }
        return NONE;
    }

    /** Where every character beyond ASCII leads from a state of the grammar; {@link Grammar#NONE} when not all to one. */
    static int beyondAscii(Grammar grammar, int from) {
        int to = Grammar.NONE;
        for (int[] head : HEADS) {
            for (int b = head[0]; b <= head[1]; b++) {
                int led = tail(grammar, grammar.next(from, grammar.classOf(b)), head[2]);
                if (led == Grammar.NONE || (to != Grammar.NONE && led != to)) {
                    return Grammar.NONE;
                }
                to = led;
            }
        }
        return to;
    }

    private static int tail(Grammar grammar, int from, int state) {
        if (state == START || from == Grammar.NONE) {
            return from;
        }
        if (grammar.calls(from).length > 0) {
            return Grammar.NONE;
        }
        int[] tail = TAILS[state];
        int to = Grammar.NONE;
        int before = -1;
        for (int b = tail[0]; b <= tail[1]; b++) {
            int byteClass = grammar.classOf(b);
            if (byteClass == before) {
                continue;
            }
            before = byteClass;
            int led = tail(grammar, grammar.next(from, byteClass), tail[2]);
            if (led == Grammar.NONE || (to != Grammar.NONE && led != to)) {
                return Grammar.NONE;
            }
            to = led;
        }
        return to;
    }
}
