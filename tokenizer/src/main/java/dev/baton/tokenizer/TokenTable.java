package dev.baton.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Every token of a vocabulary as the decoder sees it, by id. Immutable. */
final class TokenTable {
    private static final int MAX_ID = 1 << 24;
    private static final int[] BYTE_OF_STAND_IN = standIns();

    private final TokenDecoder decoder;
    private final @Nullable String[] tokens;
    private final byte[] @Nullable [] bytes;
    private final Map<String, Integer> ids;
    private final BitSet special = new BitSet();

    private TokenTable(TokenDecoder decoder, Map<String, Integer> ids) {
        this.decoder = decoder;
        this.ids = ids;
        int size = 0;
        for (int id : ids.values()) {
            size = Math.max(size, id + 1);
        }
        this.tokens = new @Nullable String[size];
        this.bytes = new byte[size][];
    }

    /** @param json the whole of tokenizer.json */
    static TokenTable of(JsonNode json) {
        Map<String, Integer> ids = new HashMap<>();
        JsonNode vocab = json.path("model").path("vocab");
        if (vocab.isObject()) {
            vocab.properties().forEach(e -> put(ids, e.getKey(), e.getValue().asInt(-1)));
        } else {
            int id = 0;
            for (JsonNode entry : vocab) {
                put(ids, entry.path(0).asString(""), id++);
            }
        }
        if (ids.isEmpty()) {
            throw new IllegalArgumentException("tokenizer.json has no vocabulary under model.vocab.");
        }
        Map<String, Integer> withAdded = new HashMap<>(ids);
        for (JsonNode added : json.path("added_tokens")) {
            put(withAdded, added.path("content").asString(""), added.path("id").asInt(-1));
        }
        TokenTable table = new TokenTable(TokenDecoder.of(json.path("decoder")), withAdded);
        ids.forEach((token, id) -> table.tokens[id] = token);
        for (JsonNode added : json.path("added_tokens")) {
            int id = added.path("id").asInt();
            table.tokens[id] = added.path("content").asString("");
            table.special.set(id, added.path("special").asBoolean(false));
        }
        table.spellBytes();
        return table;
    }

    private static void put(Map<String, Integer> ids, String token, int id) {
        if (id < 0 || id > MAX_ID) {
            throw new IllegalArgumentException("tokenizer.json gives the token '" + token + "' the id " + id + ".");
        }
        ids.put(token, id);
    }

    private void spellBytes() {
        for (int id = 0; id < tokens.length; id++) {
            String token = tokens[id];
            if (token != null) {
                bytes[id] = decoder.byteLevel() ? byteLevel(token) : pieceBytes(token);
            }
        }
    }

    TokenDecoder decoder() {
        return decoder;
    }

    int size() {
        return tokens.length;
    }

    boolean has(int id) {
        return id >= 0 && id < tokens.length && tokens[id] != null;
    }

    boolean isSpecial(int id) {
        return special.get(id);
    }

    @Nullable
    Integer id(String token) {
        return ids.get(token);
    }

    /** The bytes that the token adds to a text in its middle. */
    byte[] bytes(int id) {
        byte[] spelled = bytes[id];
        if (spelled == null) {
            throw new IllegalArgumentException("No token has the id " + id + ".");
        }
        return spelled;
    }

    /** The byte of a fallback token, else -1. */
    int fallbackByte(int id) {
        return decoder.byteFallback() ? fallbackByte(token(id)) : -1;
    }

    String piece(int id) {
        return replaced(token(id));
    }

    /** The piece at the start of a text. */
    String firstPiece(int id) {
        return decoder.dropsMarkInFirst()
                ? token(id).replace(decoder.replacements().getFirst().pattern(), "")
                : piece(id);
    }

    private String token(int id) {
        String token = tokens[id];
        if (token == null) {
            throw new IllegalArgumentException("No token has the id " + id + ".");
        }
        return token;
    }

    private byte[] pieceBytes(String token) {
        int fallback = decoder.byteFallback() ? fallbackByte(token) : -1;
        return fallback >= 0 ? new byte[] {(byte) fallback} : replaced(token).getBytes(StandardCharsets.UTF_8);
    }

    private String replaced(String token) {
        String piece = token;
        for (TokenDecoder.Replacement r : decoder.replacements()) {
            piece = piece.replace(r.pattern(), r.content());
        }
        return piece;
    }

    private static int fallbackByte(String token) {
        if (token.length() != 6 || !token.startsWith("<0x") || !token.endsWith(">")) {
            return -1;
        }
        int high = Character.digit(token.charAt(3), 16);
        int low = Character.digit(token.charAt(4), 16);
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    /** A token with a character outside the 256 stand-ins stands for itself: added tokens are written so. */
    private static byte[] byteLevel(String token) {
        byte[] spelled = new byte[token.length()];
        for (int i = 0; i < spelled.length; i++) {
            char c = token.charAt(i);
            int b = c < BYTE_OF_STAND_IN.length ? BYTE_OF_STAND_IN[c] : -1;
            if (b < 0) {
                return token.getBytes(StandardCharsets.UTF_8);
            }
            spelled[i] = (byte) b;
        }
        return spelled;
    }

    /** How GPT-2 writes a byte. */
    static char standIn(int wanted) {
        for (char c = 0; c < BYTE_OF_STAND_IN.length; c++) {
            if (BYTE_OF_STAND_IN[c] == wanted) {
                return c;
            }
        }
        throw new IllegalArgumentException(wanted + " is no byte");
    }

    /** GPT-2 writes printable Latin-1 bytes as themselves and the other 68, in order, from U+0100 on. */
    private static int[] standIns() {
        int[] byteOf = new int[0x100 + 68];
        java.util.Arrays.fill(byteOf, -1);
        int next = 0x100;
        for (int b = 0; b < 0x100; b++) {
            boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
            byteOf[printable ? b : next++] = b;
        }
        return byteOf;
    }
}
