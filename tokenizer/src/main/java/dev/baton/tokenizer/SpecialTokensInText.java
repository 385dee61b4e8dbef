package dev.baton.tokenizer;

/** What becomes of text in a request that spells a special token, such as {@code <|im_start|>}. */
public enum SpecialTokensInText {
    /** It stays text: its tokens are those of its characters. */
    TEXT,
    /** The request is refused. */
    REFUSE,
    /** It becomes that token: the request may write the borders of its turns itself. */
    PARSE
}
