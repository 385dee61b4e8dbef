package dev.baton.tokenizer;

/**
 * The tokens of a text.
 *
 * @param ids more than were asked for at most when the text has more
 * @param whole false when the text was left unread beyond the limit: it has more tokens than these
 */
public record TokenIds(int[] ids, boolean whole) {}
