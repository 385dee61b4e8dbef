package dev.baton.gateway.json;

/** JSON string escaping. Beside what JSON demands it escapes the line ends that SSE readers split at. */
public final class JsonText {
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private JsonText() {}

    /** Appends {@code text} without the surrounding quotes. */
    public static void escape(CharSequence text, StringBuilder out) {
        escape(text, 0, text.length(), out);
    }

    /** Appends the characters of {@code text} from {@code from} to before {@code to}, without quotes. */
    static void escape(CharSequence text, int from, int to, StringBuilder out) {
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < 0x20 || c == 0x85 || c == 0x2028 || c == 0x2029 || isLoneSurrogate(text, i)) {
                        out.append("\\u")
                                .append(HEX[c >> 12])
                                .append(HEX[(c >> 8) & 15])
                                .append(HEX[(c >> 4) & 15])
                                .append(HEX[c & 15]);
                    } else {
                        out.append(c);
                    }
                }
            }
        }
    }

    /** {@code text} as a JSON string with its quotes. */
    public static String quote(CharSequence text) {
        StringBuilder out = new StringBuilder(text.length() + 8).append('"');
        escape(text, out);
        return out.append('"').toString();
    }

    private static boolean isLoneSurrogate(CharSequence text, int i) {
        char c = text.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
    }
}
