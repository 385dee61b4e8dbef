package dev.baton.gateway.observe;

import java.util.Locale;

/** A client's text in a log line: it neither ends the line nor looks like another of its fields. */
final class LogText {
    private static final int LONGEST = 128;

    private LogText() {}

    /** Letters, digits and a few signs as they are, all else as {@code \}{@code uXXXX}; cut after 128 characters. */
    static String escaped(String text) {
        StringBuilder shown = new StringBuilder();
        for (int i = 0; i < Math.min(text.length(), LONGEST); i++) {
            char c = text.charAt(i);
            if (isPlain(c)) {
                shown.append(c);
            } else {
                shown.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            }
        }
        return text.length() > LONGEST ? shown.append("...").toString() : shown.toString();
    }

    private static boolean isPlain(char c) {
        return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || "-_.:/+@#~[]$".indexOf(c) >= 0;
    }
}
