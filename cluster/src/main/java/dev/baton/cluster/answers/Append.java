package dev.baton.cluster.answers;

/**
 * Bytes for the log of an answer.
 *
 * @param at where they begin
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Append(OwnedAnswer answer, long at, byte[] bytes) {}
