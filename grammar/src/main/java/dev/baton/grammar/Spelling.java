package dev.baton.grammar;

import dev.baton.grammar.CharSet.Range;
import dev.baton.grammar.Nfa.Fragment;
import java.util.Arrays;

/** How characters are written as bytes: plainly in UTF-8, or as the inside of a JSON string. */
enum Spelling {
    PLAIN,
    JSON;

    private static final CharSet ESCAPED =
            CharSet.range(0, 0x1F).or(CharSet.range('"', '"')).or(CharSet.range('\\', '\\'));
    private static final int[] LARGEST = {0x7F, 0x7FF, 0xFFFF, 0x10FFFF};
    private static final String SHORT = "\b\t\n\f\r\"\\";
    private static final String SHORT_NAMES = "btnfr\"\\";

    /** One character of the set. */
    Fragment one(Nfa nfa, CharSet set) {
        Fragment fragment = new Fragment(nfa.node(), nfa.node());
        CharSet plain = this == PLAIN ? set : set.without(ESCAPED);
        for (Range range : plain.ranges()) {
            utf8(nfa, fragment, range.low(), range.high());
        }
        if (this == JSON && ESCAPED.without(set).isEmpty()) {
            anyEscape(nfa, fragment);
        } else if (this == JSON) {
            for (int c = 0; c <= '\\'; c++) {
                if (ESCAPED.contains(c) && set.contains(c)) {
                    escaped(nfa, fragment, c);
                }
            }
        }
        return fragment;
    }

    private static void anyEscape(Nfa nfa, Fragment into) {
        int escape = nfa.node();
        nfa.bytes(into.start(), '\\', '\\', escape);
        for (int i = 0; i < SHORT_NAMES.length(); i++) {
            nfa.bytes(escape, SHORT_NAMES.charAt(i), SHORT_NAMES.charAt(i), into.end());
        }
        Fragment code = nfa.literal("u00");
        nfa.nothing(escape, code.start());
        int zero = nfa.node();
        int one = nfa.node();
        nfa.bytes(code.end(), '0', '0', zero);
        nfa.bytes(code.end(), '1', '1', one);
        nfa.bytes(zero, '0', '7', into.end());
        nfa.bytes(zero, 'b', 'b', into.end());
        nfa.bytes(zero, 'e', 'f', into.end());
        nfa.bytes(one, '0', '9', into.end());
        nfa.bytes(one, 'a', 'f', into.end());
    }

    private static void escaped(Nfa nfa, Fragment into, int c) {
        int known = SHORT.indexOf(c);
        String text = known >= 0 ? "\\" + SHORT_NAMES.charAt(known) : "\\u%04x".formatted(c);
        Fragment spelled = nfa.literal(text);
        nfa.nothing(into.start(), spelled.start());
        nfa.nothing(spelled.end(), into.end());
    }

    /** Splits the range until all of its characters have the same length and their last bytes run from first to last. */
    private static void utf8(Nfa nfa, Fragment into, int low, int high) {
        for (int largest : LARGEST) {
            if (low <= largest && largest < high) {
                utf8(nfa, into, low, largest);
                utf8(nfa, into, largest + 1, high);
                return;
            }
        }
        for (int tail = 1; tail < 4; tail++) {
            int mask = (1 << (6 * tail)) - 1;
            if ((low & ~mask) != (high & ~mask)) {
                if ((low & mask) != 0) {
                    utf8(nfa, into, low, low | mask);
                    utf8(nfa, into, (low | mask) + 1, high);
                    return;
                }
                if ((high & mask) != mask) {
                    utf8(nfa, into, low, (high & ~mask) - 1);
                    utf8(nfa, into, high & ~mask, high);
                    return;
                }
            }
        }
        byte[] first = encoded(low);
        byte[] last = encoded(high);
        int at = into.start();
        for (int i = 0; i < first.length; i++) {
            int next = i + 1 == first.length ? into.end() : nfa.node();
            nfa.bytes(at, first[i] & 0xFF, last[i] & 0xFF, next);
            at = next;
        }
    }

    private static byte[] encoded(int c) {
        if (c < 0x80) {
            return new byte[] {(byte) c};
        }
        byte[] bytes = new byte[c < 0x800 ? 2 : c < 0x10000 ? 3 : 4];
        int rest = c;
        for (int i = bytes.length - 1; i > 0; i--) {
            bytes[i] = (byte) (0x80 | (rest & 0x3F));
            rest >>= 6;
        }
        int lead = Arrays.asList(0, 0, 0xC0, 0xE0, 0xF0).get(bytes.length);
        bytes[0] = (byte) (lead | rest);
        return bytes;
    }
}
