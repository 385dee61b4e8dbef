package dev.baton.tokenizer;

/**
 * UTF-8 to text, byte by byte: one U+FFFD for each maximal part of an ill-formed sequence, as the Unicode Standard
 * recommends and as the reference tokenizers do. Java's own decoder answers a lone surrogate with one where they give
 * three.
 */
final class Utf8Stream {
    private static final char REPLACEMENT = '\uFFFD';

    private int codePoint;
    private int needed;
    private int lower = 0x80;
    private int upper = 0xBF;

    /** Appends what the bytes complete; the rest waits for the next call. */
    void decode(byte[] bytes, StringBuilder out) {
        for (byte b : bytes) {
            accept(b & 0xFF, out);
        }
    }

    /** The end of the text: an unfinished sequence becomes one U+FFFD. */
    void finish(StringBuilder out) {
        if (needed > 0) {
            reset();
            out.append(REPLACEMENT);
        }
    }

    private void accept(int b, StringBuilder out) {
        if (needed > 0) {
            if (b >= lower && b <= upper) {
                codePoint = codePoint << 6 | (b & 0x3F);
                lower = 0x80;
                upper = 0xBF;
                if (--needed == 0) {
                    out.appendCodePoint(codePoint);
                }
                return;
            }
            reset();
            out.append(REPLACEMENT);
        }
        lead(b, out);
    }

    private void lead(int b, StringBuilder out) {
        if (b < 0x80) {
            out.append((char) b);
        } else if (b >= 0xC2 && b <= 0xDF) {
            begin(1, b & 0x1F);
        } else if (b >= 0xE0 && b <= 0xEF) {
            begin(2, b & 0x0F);
            lower = b == 0xE0 ? 0xA0 : 0x80;
            upper = b == 0xED ? 0x9F : 0xBF;
        } else if (b >= 0xF0 && b <= 0xF4) {
            begin(3, b & 0x07);
            lower = b == 0xF0 ? 0x90 : 0x80;
            upper = b == 0xF4 ? 0x8F : 0xBF;
        } else {
            out.append(REPLACEMENT);
        }
    }

    private void begin(int continuations, int bits) {
        needed = continuations;
        codePoint = bits;
    }

    private void reset() {
        needed = 0;
        lower = 0x80;
        upper = 0xBF;
    }
}
