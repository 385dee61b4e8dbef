package dev.baton.tokenizer;

import dev.baton.tokenizer.template.RenderedText;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The tokens that steer a model, such as the border of a turn, and where a text spells one. They are the special tokens of
 * the vocabulary, and those added tokens in brackets that the chat template itself writes: some models do not call the
 * borders of their turns special. Immutable.
 */
final class ControlTokens {
    private static final Pattern BRACKETED = Pattern.compile("<\\S+>|\\[\\S+]");
    private static final Pattern TAG = Pattern.compile("</?[A-Za-z_][A-Za-z0-9_]*>");

    private final List<Token> all;
    private final Node root = new Node();
    private final BitSet firstChars = new BitSet();

    /** @param special as the vocabulary says it */
    record Token(String spelling, int id, boolean special) {
        /** What a model writes into its own answers: reasoning and tool calls stand between tags that are not special. */
        boolean isMarkup() {
            return !special && TAG.matcher(spelling).matches();
        }
    }

    record Match(Token token, int start, int end) {}

    /** The spelling of an added token; {@code token} is null when it does not steer. */
    private record Spelling(int end, @Nullable Token token) {}

    private static final class Node {
        private final Map<Character, Node> next = new HashMap<>();
        private boolean ends;
        private @Nullable Token token;
    }

    /**
     * @param tokens the tokens that steer
     * @param others spellings of other added tokens: where one of them is longer, it is the one that is meant
     */
    ControlTokens(List<Token> tokens, List<String> others) {
        all = List.copyOf(tokens);
        others.forEach(this::node);
        for (Token token : all) {
            node(token.spelling()).token = token;
        }
    }

    /**
     * @param json the whole of tokenizer.json
     * @param inTemplate whether a chat template of the model mentions a spelling
     */
    static ControlTokens of(JsonNode json, Predicate<String> inTemplate) {
        Map<Boolean, List<Token>> added = json.path("added_tokens")
                .valueStream()
                .map(token -> new Token(
                        token.path("content").asString(""),
                        token.path("id").asInt(-1),
                        token.path("special").asBoolean(false)))
                .filter(token -> !token.spelling().isBlank())
                .collect(Collectors.partitioningBy(token -> token.special()
                        || BRACKETED.matcher(token.spelling()).matches() && inTemplate.test(token.spelling())));
        return new ControlTokens(
                added.getOrDefault(true, List.of()),
                added.getOrDefault(false, List.of()).stream()
                        .map(Token::spelling)
                        .toList());
    }

    private Node node(String spelling) {
        Node node = root;
        for (char c : spelling.toCharArray()) {
            node = node.next.computeIfAbsent(c, k -> new Node());
        }
        node.ends = true;
        firstChars.set(spelling.charAt(0));
        return node;
    }

    List<Token> all() {
        return all;
    }

    /** The first spelling of a control token from a place on; of two at one place the longer. */
    @Nullable
    Match next(String text, int from) {
        for (int start = from; start < text.length(); ) {
            Spelling longest = firstChars.get(text.charAt(start)) ? longestAt(text, start) : null;
            if (longest != null && longest.token() != null) {
                return new Match(longest.token(), start, longest.end());
            }
            start = longest == null ? start + 1 : longest.end();
        }
        return null;
    }

    private @Nullable Spelling longestAt(String text, int start) {
        Spelling longest = null;
        Node node = root;
        for (int at = start; at < text.length(); at++) {
            node = node.next.get(text.charAt(at));
            if (node == null) {
                break;
            }
            if (node.ends) {
                longest = new Spelling(at + 1, node.token);
            }
        }
        return longest;
    }

    /** The first spelling that has a character from the request. */
    @Nullable
    Match firstRequested(RenderedText text) {
        for (Match match = next(text.text(), 0); match != null; match = next(text.text(), match.start() + 1)) {
            if (text.requested(match.start(), match.end())) {
                return match;
            }
        }
        return null;
    }

    /** The model's own words, given back by the request: their tags are the model's, the rest is the request's. */
    RenderedText wordsOfTheModel(String text) {
        BitSet request = new BitSet();
        request.set(0, text.length());
        for (Match match = next(text, 0); match != null; match = next(text, match.end())) {
            if (match.token().isMarkup()) {
                request.clear(match.start(), match.end());
            }
        }
        return new RenderedText(text, request);
    }
}
