package dev.baton.tokenizer.template;

import java.time.Clock;

/** What one rendering carries along: what it may still spend, the time, and the line it is at. */
final class RenderContext {
    final Budget budget = Budget.full();
    final Origins origins = new Origins();
    final Clock clock;
    final Members members;
    int line = 1;

    RenderContext(Clock clock) {
        this.clock = clock;
        this.members = new Members(this);
    }

    String str(Object value) {
        String text = Python.str(value, budget);
        return value instanceof String ? text : origins.derived(text, value);
    }
}
