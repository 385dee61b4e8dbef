package dev.baton.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Which characters stand side by side inside some token of a BPE vocabulary. Kept as a set of hashes, so that it may hold
 * a pair too many, never one too few.
 */
final class TokenPairs {
    private static final int SIZE = 1 << 20;

    private final @Nullable BitSet pairs;
    private final boolean bytes;

    private TokenPairs(@Nullable BitSet pairs, boolean bytes) {
        this.pairs = pairs;
        this.bytes = bytes;
    }

    static TokenPairs of(JsonNode json) {
        JsonNode model = json.path("model");
        boolean bytes = TokenDecoder.of(json.path("decoder")).byteLevel();
        boolean plainMerges = model.path("type").asString("").equals("BPE")
                && model.path("continuing_subword_prefix").asString("").isEmpty()
                && model.path("end_of_word_suffix").asString("").isEmpty()
                && (bytes
                        || model.path("byte_fallback").asBoolean(false)
                        || !model.path("fuse_unk").asBoolean(false));
        if (!plainMerges) {
            return new TokenPairs(null, bytes);
        }
        BitSet pairs = new BitSet(SIZE);
        model.path("vocab").properties().forEach(entry -> {
            String token = entry.getKey();
            for (int i = 1; i < token.length(); i++) {
                pairs.set(slot(token.charAt(i - 1), token.charAt(i)));
            }
        });
        return new TokenPairs(pairs, bytes);
    }

    /** No token holds the one directly before the other. */
    boolean never(int left, int right) {
        if (pairs == null) {
            return false;
        }
        return bytes ? !pairs.get(slot(standIn(left, true), standIn(right, false))) : !pairs.get(slot(left, right));
    }

    /** How the vocabulary spells the last or the first byte of a character. */
    private static int standIn(int codePoint, boolean last) {
        byte[] utf8 = Character.toString(codePoint).getBytes(StandardCharsets.UTF_8);
        return TokenTable.standIn(utf8[last ? utf8.length - 1 : 0] & 0xFF);
    }

    private static int slot(int left, int right) {
        return ((left * 31 + right) * 0x9E3779B1) >>> 12;
    }
}
