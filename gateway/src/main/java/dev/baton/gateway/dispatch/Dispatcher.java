package dev.baton.gateway.dispatch;

import dev.baton.control.GenerationRequest;

/** Runs generations: the border between the HTTP edge and the workers. */
public interface Dispatcher {
    /**
     * Prepares a generation; it begins with {@link RequestHandle#start()}. From then on all that happens to it reaches
     * {@code sink}: either {@code rejected} alone, or {@code admitted}, {@code cached}, tokens, and one of {@code
     * finished}, {@code failed} and {@code rejected}, the last only before any token.
     */
    RequestHandle prepare(GenerationRequest request, TokenSink sink);
}
