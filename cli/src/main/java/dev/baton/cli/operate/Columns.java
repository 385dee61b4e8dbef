package dev.baton.cli.operate;

import java.util.Locale;

/** Text of fixed width, for tables of at most {@value #WIDTH} columns. */
final class Columns {
    static final int WIDTH = 80;

    private Columns() {}

    /** To the left; what is too long ends in a dot. Nothing that moves a terminal's cursor is let through. */
    static String left(String text, int width) {
        String cut = cut(text, width);
        return cut + " ".repeat(width - cut.length());
    }

    /** To the right. */
    static String right(String text, int width) {
        String cut = cut(text, width);
        return " ".repeat(width - cut.length()) + cut;
    }

    private static String cut(String text, int width) {
        String plain = text.replaceAll("\\p{Cntrl}", "?");
        return plain.length() <= width ? plain : plain.substring(0, width - 1) + "…";
    }

    /** A span for people: {@code 950 µs}, {@code 12.3 ms}, {@code 4.05 s}, {@code 12 min}. */
    static String micros(long micros) {
        if (micros < 1_000) {
            return micros + " µs";
        }
        if (micros < 1_000_000) {
            return String.format(Locale.ROOT, "%.1f ms", micros / 1e3);
        }
        return micros < 120_000_000 ? String.format(Locale.ROOT, "%.2f s", micros / 1e6) : micros / 60_000_000 + " min";
    }

    /** A share of one: {@code 36.8 %}; a dash for none. */
    static String share(double share) {
        return Double.isNaN(share) ? "-" : String.format(Locale.ROOT, "%.1f %%", share * 100);
    }
}
