package dev.baton.tokenizer;

import java.util.List;
import java.util.Random;

/** Texts of many scripts, spaces, numbers, signs and spellings of special tokens, mixed by chance. */
final class RandomText {
    private static final List<String> SCRIPTS = List.of(
            "abcdefghijklmnopqrstuvwxyz",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "àéîõüçñßøåš",
            "абвгдежзийклмн",
            "אבגדהוזחט",
            "مرحبا",
            "กขคงจฉช",
            "的一是不了人我在有他",
            "ひらがなカタカナ",
            "한국어텍스트");
    private static final List<String> SIGNS = List.of(
            ".",
            ",",
            "!",
            "?",
            "'",
            "\"",
            "-",
            "_",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "<",
            ">",
            "|",
            "/",
            "\\",
            ":",
            "@",
            "'s",
            "'LL",
            "'re",
            "::",
            "...",
            "。",
            "、",
            "，",
            "！",
            "«",
            "»",
            "“",
            "€",
            "😀",
            "👩‍👩‍👧",
            "é",
            "क्षि",
            "\u200b",
            "\uFFFD",
            "\u2581",
            "`",
            "``");
    private static final List<String> SPACES =
            List.of(" ", " ", " ", " ", "  ", "    ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u3000", " \n ", "\u2028");

    private final Random random;
    private final List<String> added;

    /** @param added spellings of special tokens */
    RandomText(long seed, List<String> added) {
        this.random = new Random(seed);
        this.added = added;
    }

    String of(int length) {
        StringBuilder text = new StringBuilder(length + 64);
        while (text.length() < length) {
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3, 4 -> {
                    word(text);
                    text.append(random.nextInt(4) > 0 ? " " : one(SPACES));
                }
                case 5 -> word(text);
                case 6 -> text.append(random.nextInt(100_000));
                case 7, 8 -> text.append(one(SIGNS));
                case 9 -> text.append(one(SPACES));
                case 10 -> text.append(one(SIGNS).repeat(1 + random.nextInt(6)));
                default -> {
                    if (random.nextInt(6) == 0 && !added.isEmpty()) {
                        String token = one(added);
                        text.append(random.nextBoolean() ? token : token.substring(0, token.length() - 1));
                    }
                }
            }
        }
        return text.toString();
    }

    private void word(StringBuilder text) {
        String script = one(SCRIPTS);
        for (int i = 1 + random.nextInt(9); i > 0; i--) {
            text.append(script.charAt(random.nextInt(script.length())));
        }
    }

    private String one(List<String> from) {
        return from.get(random.nextInt(from.size()));
    }
}
