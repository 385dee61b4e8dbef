package dev.baton.tokenizer;

/**
 * The text of one answer, token by token. The pieces put together are what decoding all tokens at once gives, special
 * tokens left out; no piece ends inside a code point, and none is ever taken back. For one thread at a time.
 */
public abstract sealed class TextStream permits ByteTextStream, PieceTextStream {
    TextStream() {}

    /** The text that is certain now; empty while a code point is unfinished. Unknown ids have no text. */
    public abstract String push(int token);

    /** The end of the answer: bytes that never became a code point come as U+FFFD. */
    public abstract String flush();
}
