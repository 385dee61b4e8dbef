package dev.baton.gateway.dispatch;

/** Runs requests: the door between the HTTP edge and the workers. */
public interface Dispatcher {
    /**
     * Starts a request and returns at once. Everything that happens to it, a refusal included, reaches {@code sink}:
     * either {@code refused} alone, or {@code running}, {@code admitted}, {@code cached}, tokens, and one of {@code finished} and
     * {@code failed}; any of it may come before this returns.
     * After {@link RequestHandle#cancel()} or {@link RequestHandle#complete()} the sink may still get a call that was under way,
     * and then nothing more.
     */
    void dispatch(GenerationRequest submission, TokenSink sink);
}
