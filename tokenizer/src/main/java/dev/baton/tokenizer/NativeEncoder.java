package dev.baton.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Text to ids by the Rust tokenizers library, in process and without a network. The only user of DJL here. */
final class NativeEncoder implements AutoCloseable {
    static {
        // Read when the native library is looked up: DJL must never go to the network for another flavour of it.
        if (System.getProperty("ai.djl.offline") == null) {
            System.setProperty("ai.djl.offline", "true");
        }
        if (System.getProperty("RUST_FLAVOR") == null && System.getenv("RUST_FLAVOR") == null) {
            System.setProperty("RUST_FLAVOR", "cpu");
        }
    }

    /** Left to itself DJL cuts at 512 tokens. */
    private static final Map<String, String> OPTIONS = Map.of("truncation", "false", "padding", "false");

    private final HuggingFaceTokenizer tokenizer;

    private NativeEncoder(HuggingFaceTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    static NativeEncoder open(Path tokenizerJson) throws IOException {
        return new NativeEncoder(HuggingFaceTokenizer.newInstance(tokenizerJson, OPTIONS));
    }

    /**
     * @param tokenizerJson what a tokenizer.json holds
     * @throws IOException when the library refuses it
     */
    static NativeEncoder open(byte[] tokenizerJson) throws IOException {
        try {
            return new NativeEncoder(
                    HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(tokenizerJson), OPTIONS));
        } catch (RuntimeException e) {
            throw new IOException("the tokenizer cannot be used: " + e.getMessage(), e);
        }
    }

    /** Of an encoding only the ids are fetched: its strings and spans take some 133 bytes of heap a token. */
    int[] encode(String text, boolean addSpecialTokens) {
        long encoding = TokenizersLibrary.LIB.encode(tokenizer.getHandle(), wellFormed(text), addSpecialTokens);
        try {
            long[] ids = TokenizersLibrary.LIB.getTokenIds(encoding);
            int[] out = new int[ids.length];
            for (int i = 0; i < ids.length; i++) {
                out[i] = (int) ids[i];
            }
            return out;
        } finally {
            TokenizersLibrary.LIB.deleteEncoding(encoding);
        }
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    /** A lone surrogate has no UTF-8 form, and JSON can carry one. */
    private static String wellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                return replaceLoneSurrogates(text);
            }
        }
        return text;
    }

    private static String replaceLoneSurrogates(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints()
                .forEach(cp -> out.appendCodePoint(
                        cp >= Character.MIN_SURROGATE && cp <= Character.MAX_SURROGATE ? 0xFFFD : cp));
        return out.toString();
    }
}
