package dev.baton.gateway.answer;

import dev.baton.gateway.dispatch.Dispatcher;

/**
 * How many tokens a prompt and its answer can have together now: the model's context, or less where the pool of a live
 * worker holds less. Any thread.
 */
public final class ServedContext {
    private final ServedModel model;
    private final Dispatcher dispatcher;

    public ServedContext(ServedModel model, Dispatcher dispatcher) {
        this.model = model;
        this.dispatcher = dispatcher;
    }

    /** The model's own while no worker lives. */
    public int tokens() {
        int workers = dispatcher.maxContext(model.name());
        return workers == 0 ? model.maxContext() : Math.min(model.maxContext(), workers);
    }
}
