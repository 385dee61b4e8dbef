package dev.baton.tokenizer.template;

import java.time.Clock;

/** What one rendering carries along: what it may still spend, the time, and the line it is at. */
final class RenderContext {
    final Budget budget = Budget.full();
    final Members members = new Members(budget);
    final Clock clock;
    int line = 1;

    RenderContext(Clock clock) {
        this.clock = clock;
    }

    String str(Object value) {
        return Python.str(value, budget);
    }
}
