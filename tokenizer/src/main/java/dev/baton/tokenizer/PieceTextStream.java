package dev.baton.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * For vocabularies of text with single bytes as a fallback. A run of byte tokens is valid as a whole or turns into one
 * U+FFFD per byte as a whole; so its text is certain only when the run ends, and is held back until then.
 */
final class PieceTextStream extends TextStream {
    private static final String REPLACEMENT = "\uFFFD";

    private final TokenTable table;
    private final boolean skipSpecial;
    private final ByteArrayOutputStream run = new ByteArrayOutputStream();
    private final StringBuilder out = new StringBuilder();
    private int leftToStrip;
    private boolean first;

    /** @param continues the answer goes on from a text before it, so what decoders do at a text's start is left out */
    PieceTextStream(TokenTable table, boolean skipSpecial, boolean continues) {
        this.table = table;
        this.skipSpecial = skipSpecial;
        this.leftToStrip = continues ? 0 : table.decoder().stripAtStart();
        this.first = !continues;
    }

    @Override
    public String push(int token) {
        if (!table.has(token) || (skipSpecial && table.isSpecial(token))) {
            return "";
        }
        int fallback = table.fallbackByte(token);
        if (fallback >= 0) {
            run.write(fallback);
        } else {
            endRun();
            emit(first ? table.firstPiece(token) : table.piece(token));
        }
        first = false;
        return take();
    }

    @Override
    public String flush() {
        endRun();
        return take();
    }

    private void endRun() {
        if (run.size() == 0) {
            return;
        }
        byte[] bytes = run.toByteArray();
        run.reset();
        try {
            emit(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException e) {
            emit(REPLACEMENT.repeat(bytes.length));
        }
    }

    private void emit(String text) {
        int from = 0;
        while (leftToStrip > 0 && from < text.length()) {
            if (text.charAt(from) == ' ') {
                from++;
                leftToStrip--;
            } else {
                leftToStrip = 0;
            }
        }
        out.append(text, from, text.length());
    }

    private String take() {
        String text = out.toString();
        out.setLength(0);
        return text;
    }
}
