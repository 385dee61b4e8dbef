package dev.baton.gateway.answer;

/**
 * A prompt that is said before its answer: the text that its tokens spell, made when it is said.
 *
 * @param added characters that the prompt's tokens have before the text: those of a begin token that was added
 * @param alone the answer itself is not wanted: the one token that is made is dropped
 */
public record Echo(int added, boolean alone) {}
