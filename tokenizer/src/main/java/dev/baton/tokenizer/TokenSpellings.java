package dev.baton.tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the tokens of a model are spelled, read without the encoder.
 *
 * @param bytes by id: what the token adds to a text in its middle; null for special tokens and where there is no token
 * @param special spellings of the special tokens by id
 */
public record TokenSpellings(List<byte @Nullable []> bytes, Map<Integer, String> special) {
    /** @throws IOException when the model's tokenizer cannot be read */
    public static TokenSpellings read(Path model) throws IOException {
        TokenizerFolder folder = new TokenizerFolder(model);
        return of(folder.table(folder.tokenizer()));
    }

    static TokenSpellings of(TokenTable table) {
        List<byte @Nullable []> bytes = new ArrayList<>(table.size());
        Map<Integer, String> special = new HashMap<>();
        for (int id = 0; id < table.size(); id++) {
            boolean text = table.has(id) && !table.isSpecial(id);
            bytes.add(text ? table.bytes(id).clone() : null);
            if (table.has(id) && table.isSpecial(id)) {
                special.put(id, table.piece(id));
            }
        }
        return new TokenSpellings(bytes, special);
    }
}
