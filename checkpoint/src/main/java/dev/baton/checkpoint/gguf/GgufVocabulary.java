package dev.baton.checkpoint.gguf;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** The tokens of a file by id, each with its kind. */
final class GgufVocabulary {
    private static final String MARK = "\u2581";

    private final GgufMetadata metadata;
    private final List<String> tokens;
    private final double[] kinds;

    private GgufVocabulary(GgufMetadata metadata, List<String> tokens, double[] kinds) {
        this.metadata = metadata;
        this.tokens = tokens;
        this.kinds = kinds;
    }

    /** What a token is for. */
    enum Kind {
        NORMAL,
        UNKNOWN,
        /** Special: never a part of an answer's text. */
        CONTROL,
        /** Found in the text before anything else is done to it. */
        USER_DEFINED,
        UNUSED,
        BYTE;

        private static Kind of(double id) {
            return switch ((int) id) {
                case 2 -> UNKNOWN;
                case 3 -> CONTROL;
                case 4 -> USER_DEFINED;
                case 5 -> UNUSED;
                case 6 -> BYTE;
                default -> NORMAL;
            };
        }
    }

    /** @param marked whether spaces within tokens are written as the word mark; files spell those of added tokens plainly */
    static GgufVocabulary of(GgufMetadata metadata, long modelTokens, boolean marked) throws IOException {
        List<String> tokens = metadata.texts("tokenizer.ggml.tokens")
                .orElseThrow(() -> GgufFile.broken(metadata.file(), "it has no tokenizer.ggml.tokens"));
        if (tokens.size() > modelTokens) {
            throw GgufFile.broken(
                    metadata.file(), "it has %d tokens, and embeddings for %d".formatted(tokens.size(), modelTokens));
        }
        double[] kinds = metadata.numbers("tokenizer.ggml.token_type").orElse(new double[tokens.size()]);
        if (kinds.length != tokens.size()) {
            throw GgufFile.broken(
                    metadata.file(), "it has %d tokens and the kinds of %d".formatted(tokens.size(), kinds.length));
        }
        List<String> spelled = new ArrayList<>(tokens);
        if (marked) {
            for (int id = 0; id < spelled.size(); id++) {
                if (Kind.of(kinds[id]) == Kind.USER_DEFINED && spelled.get(id).isBlank()) {
                    spelled.set(id, spelled.get(id).replace(" ", MARK));
                }
            }
        }
        return new GgufVocabulary(metadata, spelled, kinds);
    }

    int size() {
        return tokens.size();
    }

    String token(int id) {
        return tokens.get(id);
    }

    Kind kind(int id) {
        return Kind.of(kinds[id]);
    }

    /** Ids by token, without those that stand for nothing. */
    Map<String, Integer> ids() throws IOException {
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            if (kind(id) != Kind.UNUSED && ids.put(tokens.get(id), id) != null) {
                throw GgufFile.broken(metadata.file(), "token %.100s is there twice".formatted(tokens.get(id)));
            }
        }
        return ids;
    }

    /** The token whose id the file names under {@code tokenizer.ggml.NAME_token_id}. */
    Optional<Integer> special(String name) throws IOException {
        String key = "tokenizer.ggml." + name + "_token_id";
        OptionalLong id = metadata.whole(key);
        if (id.isEmpty()) {
            return Optional.empty();
        }
        // Files without such a token say so with the largest u32.
        if (id.getAsLong() == 0xFFFF_FFFFL) {
            return Optional.empty();
        }
        if (id.getAsLong() < 0 || id.getAsLong() >= tokens.size()) {
            throw GgufFile.broken(
                    metadata.file(), "%s is %d of %d tokens".formatted(key, id.getAsLong(), tokens.size()));
        }
        return Optional.of((int) id.getAsLong());
    }
}
