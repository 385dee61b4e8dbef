package dev.baton.tokenizer;

/** A text holds a run that is too long to encode at once and that the tokenizer gives no place to cut: the caller's fault. */
public final class UncuttableTextException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UncuttableTextException(int position) {
        super("From character " + position + " on the text has more than " + PieceEncoder.LONGEST_PIECE
                + " characters in a row without a place where it can be cut into words, which is more than is encoded"
                + " at once.");
    }
}
