package dev.baton.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import tools.jackson.databind.JsonNode;

/**
 * Where a text can be cut so that its parts, encoded one by one, give the ids of the whole. A cut stands between two
 * characters that this class can show to be independent of each other: no step of the normalizer and of the pre-tokenizer
 * reads across them, and either a step of the pre-tokenizer splits there anyway or no token of a BPE vocabulary holds the
 * two side by side, so that no merge can reach across. A tokenizer with a step that is not understood has no such pair.
 * Immutable but for a cache; any thread.
 */
final class CutPoints {
    private static final String GPT2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    private static final int MOST_REMEMBERED = 1 << 16;

    /** What a step of the pre-tokenizer does between two characters. */
    private enum Effect {
        /** It always splits there. */
        SPLITS,
        /** It may or may not split, but what it does on one side does not depend on the other. */
        LOCAL,
        /** Not known. */
        UNCLEAR
    }

    private interface Step {
        Effect between(int left, int right);
    }

    private final List<Step> steps = new ArrayList<>();
    private final NormalizerView normalizer;
    private final TokenPairs tokenPairs;
    private final List<String> added = new ArrayList<>();
    private final Map<Long, Boolean> known = new ConcurrentHashMap<>();
    private int longestAdded;

    private CutPoints(JsonNode json) {
        normalizer = NormalizerView.of(json.path("normalizer"), json.path("pre_tokenizer"));
        addSteps(json.path("pre_tokenizer"));
        tokenPairs = TokenPairs.of(json);
        json.path("added_tokens").forEach(token -> {
            String content = token.path("content").asString("");
            if (!content.isEmpty()) {
                added.add(content);
                longestAdded = Math.max(longestAdded, content.length());
            }
        });
    }

    /** @param json the whole of tokenizer.json */
    static CutPoints of(JsonNode json) {
        return new CutPoints(json);
    }

    /** Whether the space at the start of a later part has to be left out, since the normalizer puts one there. */
    boolean dropsSpace() {
        return normalizer.prepends();
    }

    /** The last place to cut in {@code [from, to]}, -1 when there is none. */
    int lastIn(CharSequence text, int from, int to) {
        for (int at = Math.min(to, text.length() - 2); at >= Math.max(from, 1); at--) {
            if (isCut(text, at)) {
                return at;
            }
        }
        return -1;
    }

    /** The first place to cut in {@code [from, to]}, -1 when there is none. */
    int firstIn(CharSequence text, int from, int to) {
        for (int at = Math.max(from, 1); at <= Math.min(to, text.length() - 2); at++) {
            if (isCut(text, at)) {
                return at;
            }
        }
        return -1;
    }

    private boolean isCut(CharSequence text, int at) {
        return independent(text.charAt(at - 1), text.charAt(at))
                && clearOfAdded(text, at)
                && (!normalizer.prepends() || clearOfAdded(text, at + 1));
    }

    /** No added token stands across the place or touches it. */
    private boolean clearOfAdded(CharSequence text, int at) {
        int start = Math.max(0, at - longestAdded);
        String around = text.subSequence(start, Math.min(text.length(), at + longestAdded))
                .toString();
        int place = at - start;
        for (String token : added) {
            for (int i = Math.max(0, place - token.length()); i <= place; i++) {
                if (around.startsWith(token, i)) {
                    return false;
                }
            }
        }
        return true;
    }

    private boolean independent(char left, char right) {
        if (!wellKnown(left) || !wellKnown(right)) {
            return false;
        }
        long pair = (long) left << 16 | right;
        Boolean before = known.get(pair);
        if (before != null) {
            return before;
        }
        boolean answer = shown(left, right);
        if (known.size() < MOST_REMEMBERED) {
            known.put(pair, answer);
        }
        return answer;
    }

    private boolean shown(int rawLeft, int rawRight) {
        if (Character.isWhitespace(rawLeft) || !normalizer.keepsApart(rawLeft, rawRight)) {
            return false;
        }
        int left = normalizer.map(rawLeft);
        int right = normalizer.map(rawRight);
        for (Step step : steps) {
            switch (step.between(left, right)) {
                case SPLITS -> {
                    return true;
                }
                case UNCLEAR -> {
                    return false;
                }
                case LOCAL -> {}
            }
        }
        return tokenPairs.never(left, right);
    }

    /** Characters whose class no version of Unicode has changed, so that all libraries agree about it. */
    private static boolean wellKnown(char c) {
        return c == '\n'
                || c >= ' ' && c <= '~'
                || c >= 'À' && c <= 'ɏ'
                || c >= 'А' && c <= 'я'
                || c >= 'א' && c <= 'ת'
                || c >= 'ع' && c <= 'ي'
                || c >= 'ก' && c <= 'ะ'
                || c >= '、' && c <= '。'
                || c >= 'ぁ' && c <= 'ゖ'
                || c >= 'ァ' && c <= 'ヺ'
                || c >= '一' && c <= '龥'
                || c >= '가' && c <= '힣'
                || c >= '！' && c <= '～';
    }

    private void addSteps(JsonNode step) {
        switch (step.path("type").asString("none")) {
            case "none" -> {}
            case "Sequence" -> step.path("pretokenizers").forEach(this::addSteps);
            case "Split" -> steps.add(split(step));
            case "ByteLevel" -> {
                if (step.path("add_prefix_space").asBoolean(true)) {
                    steps.add(prefixed());
                }
                if (step.path("use_regex").asBoolean(true)) {
                    steps.add(matches(GPT2));
                }
            }
            case "Digits" -> {
                boolean each = step.path("individual_digits").asBoolean(false);
                steps.add((l, r) -> {
                    boolean left = isNumeric(l);
                    boolean right = isNumeric(r);
                    return left != right || (left && each) ? Effect.SPLITS : Effect.LOCAL;
                });
            }
            case "Metaspace" -> {
                boolean apart = step.path("split").asBoolean(true);
                boolean prefixes = step.has("prepend_scheme")
                        ? !step.path("prepend_scheme").asString("always").equals("never")
                        : step.path("add_prefix_space").asBoolean(true);
                steps.add(metaspace(apart, prefixes));
            }
            case "WhitespaceSplit", "Whitespace", "BertPreTokenizer" ->
                steps.add((l, r) -> r == ' ' || r == '\n' ? Effect.SPLITS : Effect.UNCLEAR);
            default -> steps.add((l, r) -> Effect.UNCLEAR);
        }
    }

    private static boolean isNumeric(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
            default -> false;
        };
    }

    /** A part that begins with a space is left as it is by a step that puts one before other texts. */
    private static Step prefixed() {
        return (l, r) -> r == ' ' ? Effect.LOCAL : Effect.UNCLEAR;
    }

    /** {@code tokenPairs} and later steps see the mark where this step sees a space: see {@link NormalizerView#map}. */
    private static Step metaspace(boolean apart, boolean prefixes) {
        return (l, r) -> {
            boolean mark = r == NormalizerView.MARK;
            if (prefixes && !mark) {
                return Effect.UNCLEAR;
            }
            return apart && mark ? Effect.SPLITS : Effect.LOCAL;
        };
    }

    private static Step split(JsonNode step) {
        JsonNode pattern = step.path("pattern");
        String behavior = step.path("behavior").asString("");
        boolean invert = step.path("invert").asBoolean(false);
        if (pattern.path("Regex").isString()
                && (behavior.equals("Isolated") && !invert || behavior.equals("Removed") && invert)) {
            return matches(pattern.path("Regex").asString());
        }
        String literal = pattern.path("String").asString("");
        if (literal.codePointCount(0, literal.length()) == 1) {
            int only = literal.codePointAt(0);
            return (l, r) -> l == only || r == only ? Effect.UNCLEAR : Effect.LOCAL;
        }
        return (l, r) -> Effect.UNCLEAR;
    }

    private static Step matches(String regex) {
        CharPairs pairs;
        try {
            pairs = new CharPairs(regex);
        } catch (IllegalArgumentException notUnderstood) {
            return (l, r) -> Effect.UNCLEAR;
        }
        return (l, r) -> {
            if (pairs.joins(l, r)) {
                return Effect.UNCLEAR;
            }
            return pairs.covers(l) || pairs.covers(r) ? Effect.SPLITS : Effect.LOCAL;
        };
    }
}
