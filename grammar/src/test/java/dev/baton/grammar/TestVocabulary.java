package dev.baton.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Every byte, and pieces of JSON such as vocabularies have: across borders of values, and across code points. */
final class TestVocabulary {
    private static final String SAMPLE = """
        {"name": "Ada Lovelace", "age": 36, "tags": ["first", "näher", "日本"], "ok": true, "none": null,
          "nested": {"a": [[1.5, -2e10], {}], "b": "x\\n\\"y\\" \\u0001"}, "kind":"cat","n":[],"k":{"v":false}}}]}
        """;

    private final List<byte[]> tokens = new ArrayList<>();

    TestVocabulary() {
        Set<String> seen = new LinkedHashSet<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[] {(byte) b});
        }
        byte[] sample = SAMPLE.getBytes(StandardCharsets.UTF_8);
        for (int length = 2; length < 8; length++) {
            for (int from = 0; from + length <= sample.length; from++) {
                byte[] token = Arrays.copyOfRange(sample, from, from + length);
                if (seen.add(new String(token, StandardCharsets.ISO_8859_1))) {
                    tokens.add(token);
                }
            }
        }
        // One special token, whose text must never count as such.
        tokens.add("<|call|>".getBytes(StandardCharsets.UTF_8));
    }

    int special() {
        return tokens.size() - 1;
    }

    Vocabulary vocabulary() {
        return new Vocabulary(new ArrayList<byte @Nullable []>(tokens), Map.of(special(), "<|call|>"));
    }

    byte[] bytes(int token) {
        return tokens.get(token);
    }

    int size() {
        return tokens.size();
    }
}
