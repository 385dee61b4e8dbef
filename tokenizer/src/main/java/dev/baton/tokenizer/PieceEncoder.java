package dev.baton.tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CancellationException;
import tools.jackson.databind.JsonNode;

/**
 * Encodes a long text in pieces, so that it costs the memory of one piece and its ids, can stop beyond a limit, and can be
 * interrupted. The pieces are cut where {@link CutPoints} shows that it changes no id.
 */
final class PieceEncoder implements AutoCloseable {
    /** Characters of a piece. */
    static final int PIECE = 16 * 1024;

    /** Characters that are encoded at once where there is no place to cut. */
    static final int LONGEST_PIECE = 256 * 1024;

    private final NativeEncoder encoder;
    private final CutPoints cuts;
    private final int[] before;
    private final int[] after;

    private PieceEncoder(NativeEncoder encoder, CutPoints cuts, int[] before, int[] after) {
        this.encoder = encoder;
        this.cuts = cuts;
        this.before = before;
        this.after = after;
    }

    /** @param json what {@code tokenizerJson} holds */
    static PieceEncoder open(Path tokenizerJson, JsonNode json) throws IOException {
        return around(NativeEncoder.open(tokenizerJson), json);
    }

    /**
     * @param encoder closed with this, or when this fails
     * @param json what it was made from
     */
    static PieceEncoder around(NativeEncoder encoder, JsonNode json) throws IOException {
        // What is put around a text, found by the encoding of one that is certain to be something.
        int[] bare = encoder.encode("a", false);
        int[] framed = encoder.encode("a", true);
        int at = indexOf(framed, bare);
        if (at < 0) {
            encoder.close();
            throw new IOException("tokenizer.json changes the tokens of a text when it adds special ones around them");
        }
        return new PieceEncoder(
                encoder,
                CutPoints.of(json),
                Arrays.copyOf(framed, at),
                Arrays.copyOfRange(framed, at + bare.length, framed.length));
    }

    private static int indexOf(int[] framed, int[] bare) {
        for (int at = 0; at + bare.length <= framed.length; at++) {
            if (Arrays.equals(framed, at, at + bare.length, bare, 0, bare.length)) {
                return at;
            }
        }
        return -1;
    }

    /**
     * @param limit ids that are wanted at most; the text may be left unread beyond them
     * @throws UncuttableTextException when it has {@value #LONGEST_PIECE} characters in a row without a place to cut
     * @throws CancellationException when the thread is interrupted
     */
    TokenIds encode(String text, boolean addSpecialTokens, int limit) {
        return encode(text, addSpecialTokens, limit, PIECE);
    }

    /** @param piece characters of a piece */
    TokenIds encode(String text, boolean addSpecialTokens, int limit, int piece) {
        Ids ids = new Ids();
        if (addSpecialTokens) {
            ids.add(before);
        }
        int start = 0;
        while (start < text.length() && ids.count <= limit) {
            if (Thread.currentThread().isInterrupted()) {
                throw new CancellationException("interrupted while a text was encoded");
            }
            int end = end(text, start, piece);
            int from = start > 0 && cuts.dropsSpace() ? start + 1 : start;
            ids.add(encoder.encode(text.substring(from, end), false));
            start = end;
        }
        boolean whole = start >= text.length();
        if (addSpecialTokens && whole) {
            ids.add(after);
        }
        return new TokenIds(ids.toArray(), whole);
    }

    /** With the tokens that the model expects around a text, those left out that it begins with already. */
    TokenIds framed(TokenIds text) {
        int[] ids = text.ids();
        boolean begun = ids.length >= before.length && Arrays.equals(ids, 0, before.length, before, 0, before.length);
        Ids framed = new Ids();
        if (!begun) {
            framed.add(before);
        }
        framed.add(ids);
        if (text.whole()) {
            framed.add(after);
        }
        return new TokenIds(framed.toArray(), text.whole());
    }

    private int end(String text, int start, int piece) {
        if (text.length() - start <= piece) {
            return text.length();
        }
        int near = cuts.lastIn(text, start + piece / 2, start + piece);
        int end = near >= 0 ? near : cuts.firstIn(text, start + piece, start + LONGEST_PIECE);
        if (end >= 0) {
            return end;
        }
        if (text.length() - start <= LONGEST_PIECE) {
            return text.length();
        }
        throw new UncuttableTextException(start);
    }

    @Override
    public void close() {
        encoder.close();
    }

    private static final class Ids {
        private int[] ids = new int[256];
        private int count;

        void add(int[] more) {
            if (count + more.length > ids.length) {
                ids = Arrays.copyOf(ids, Math.max(ids.length + (ids.length >> 1), count + more.length));
            }
            System.arraycopy(more, 0, ids, count, more.length);
            count += more.length;
        }

        int[] toArray() {
            return Arrays.copyOf(ids, count);
        }
    }
}
