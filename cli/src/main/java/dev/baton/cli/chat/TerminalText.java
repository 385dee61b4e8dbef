package dev.baton.cli.chat;

/** Text of a model or a server as it may be shown: it cannot move the cursor, change the title or hide what it says. */
final class TerminalText {
    private TerminalText() {}

    /** Without control and format characters, but for line ends and tabs. */
    static String of(String text) {
        StringBuilder shown = new StringBuilder(text.length());
        text.codePoints().filter(TerminalText::isShown).forEach(shown::appendCodePoint);
        return shown.toString();
    }

    private static boolean isShown(int c) {
        if (c == '\n' || c == '\t') {
            return true;
        }
        // Joiners belong to emoji and to several scripts; the other format characters turn the direction or are unseen.
        boolean joiner = c == 0x200C || c == 0x200D;
        return !Character.isISOControl(c) && (joiner || Character.getType(c) != Character.FORMAT);
    }
}
