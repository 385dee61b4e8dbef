package dev.baton.gateway.answer;

/**
 * A prompt that is said before its answer.
 *
 * @param text as it is said
 * @param added characters that the prompt's tokens have before the text: those of a begin token that was added
 * @param alone the answer itself is not wanted: the one token that is made is dropped
 */
public record Echo(String text, int added, boolean alone) {}
