package dev.baton.tokenizer;

import dev.baton.tokenizer.template.RenderedText;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Encodes text in which only some spellings of control tokens mean these tokens. It is the model's tokenizer with its
 * control tokens renamed to long random names. The spellings that the template wrote are replaced by the names; what the
 * request wrote stays as it is, and for this tokenizer it spells nothing. Names take the places of the tokens, flags and
 * ids included, so all else is encoded as ever. Any thread.
 */
final class LiteralEncoder implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int FIRST_PRIVATE = 0xE000;
    private static final int PRIVATE = 0x1000;
    private static final int NONCE_CHARS = 12;

    private final PieceEncoder pieces;
    private final ControlTokens control;
    private final Map<String, String> names;

    /** Ids that text cannot give: those of the tokens that have other names, but for the one of unknown characters. */
    private final Set<Integer> counted;

    private final boolean variants;

    private LiteralEncoder(
            PieceEncoder pieces,
            ControlTokens control,
            Map<String, String> names,
            Set<Integer> counted,
            boolean variants) {
        this.pieces = pieces;
        this.control = control;
        this.names = Map.copyOf(names);
        this.counted = Set.copyOf(counted);
        this.variants = variants;
    }

    /**
     * @param json the whole of tokenizer.json; changed
     * @param plain the tokenizer with the tokens' own names
     */
    static LiteralEncoder open(JsonNode json, ControlTokens control, PieceEncoder plain) throws IOException {
        Map<String, String> names = new HashMap<>();
        Map<String, ControlTokens.Token> tokens = new HashMap<>();
        control.all().forEach(token -> tokens.put(token.spelling(), token));
        boolean normalizes = normalizes(json.path("normalizer"));
        boolean variants = false;
        String nonce = nonce();
        for (JsonNode added : json.path("added_tokens")) {
            String spelling = added.path("content").asString("");
            ControlTokens.Token token = tokens.get(spelling);
            boolean normalized = normalizes && added.path("normalized").asBoolean(false);
            if (token == null
                    || added.path("single_word").asBoolean(false)
                    || normalized && !foundAnywhere(token, plain)) {
                continue;
            }
            variants |= normalized;
            names.put(
                    spelling,
                    nonce
                            + (char) (FIRST_PRIVATE + names.size() / PRIVATE)
                            + (char) (FIRST_PRIVATE + names.size() % PRIVATE));
            ((ObjectNode) added).put("content", names.get(spelling)).put("normalized", false);
        }
        rename(json.path("model"), names);
        PieceEncoder pieces = PieceEncoder.around(NativeEncoder.open(JSON.writeValueAsBytes(json)), json);
        Set<Integer> counted = new HashSet<>();
        String unknown = json.path("model").path("unk_token").asString("");
        for (Map.Entry<String, String> name : names.entrySet()) {
            int id = Objects.requireNonNull(tokens.get(name.getKey())).id();
            if (!Arrays.equals(
                    pieces.encode(name.getValue(), false, Integer.MAX_VALUE).ids(), new int[] {id})) {
                pieces.close();
                throw new IOException("tokenizer.json gives the token " + name.getKey() + " another id than " + id);
            }
            if (!name.getValue().equals(unknown)) {
                counted.add(id);
            }
        }
        return new LiteralEncoder(pieces, control, names, counted, variants);
    }

    private static String nonce() {
        SecureRandom random = new SecureRandom();
        StringBuilder nonce = new StringBuilder();
        for (int i = 0; i < NONCE_CHARS; i++) {
            nonce.append((char) (FIRST_PRIVATE + random.nextInt(PRIVATE)));
        }
        return nonce.toString();
    }

    private static boolean normalizes(JsonNode normalizer) {
        if (normalizer.path("type").asString("").equals("Sequence")) {
            return normalizer.path("normalizers").valueStream().anyMatch(LiteralEncoder::normalizes);
        }
        return normalizer.isObject();
    }

    /** A token that is looked for in normalized text is sometimes not found in the midst of a word. */
    private static boolean foundAnywhere(ControlTokens.Token token, PieceEncoder plain) {
        int[] ids = plain.encode("a" + token.spelling() + "b", false, Integer.MAX_VALUE)
                .ids();
        return Arrays.stream(ids).anyMatch(id -> id == token.id());
    }

    /** A token gets its id from the vocabulary where that has its name. */
    private static void rename(JsonNode model, Map<String, String> names) {
        JsonNode vocabulary = model.path("vocab");
        if (vocabulary instanceof ObjectNode byName) {
            names.forEach((spelling, name) -> {
                JsonNode id = byName.remove(spelling);
                if (id != null) {
                    byName.set(name, id);
                }
            });
        }
        for (JsonNode entry : vocabulary) {
            if (entry instanceof ArrayNode scored
                    && names.containsKey(scored.path(0).asString(""))) {
                scored.set(0, names.get(scored.path(0).asString("")));
            }
        }
        String unknown = model.path("unk_token").asString("");
        if (names.containsKey(unknown)) {
            ((ObjectNode) model).put("unk_token", names.get(unknown));
        }
    }

    /** Whether text can become a control token that does not spell it, because it is normalized first. */
    boolean readsVariants() {
        return variants;
    }

    /**
     * The spellings that the request wrote, wholly or in part, as text.
     *
     * @return empty when this tokenizer cannot do so
     */
    Optional<TokenIds> encode(RenderedText rendered, int limit) {
        String text = rendered.text();
        StringBuilder named = new StringBuilder(text.length() + 256);
        Map<Integer, Integer> meant = new HashMap<>();
        int copied = 0;
        int from = 0;
        for (ControlTokens.Match match = control.next(text, 0); match != null; match = control.next(text, from)) {
            String name = names.get(match.token().spelling());
            if (rendered.requested(match.start(), match.end())) {
                if (name == null) {
                    return Optional.empty();
                }
                from = match.start() + 1;
                continue;
            }
            from = match.end();
            if (name != null) {
                named.append(text, copied, match.start()).append(name);
                copied = match.end();
                if (counted.contains(match.token().id())) {
                    meant.merge(match.token().id(), 1, Integer::sum);
                }
            }
        }
        TokenIds ids = pieces.encode(named.append(text, copied, text.length()).toString(), false, limit);
        return ids.whole() && !counts(ids.ids()).equals(meant) ? Optional.empty() : Optional.of(ids);
    }

    /** How often each control token came out. */
    private Map<Integer, Integer> counts(int[] ids) {
        Map<Integer, Integer> counts = new HashMap<>();
        for (int id : ids) {
            if (counted.contains(id)) {
                counts.merge(id, 1, Integer::sum);
            }
        }
        return counts;
    }

    @Override
    public void close() {
        pieces.close();
    }
}
