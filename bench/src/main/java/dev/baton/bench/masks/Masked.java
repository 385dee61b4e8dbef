package dev.baton.bench.masks;

import dev.baton.engine.sampling.TokenConstraint;
import dev.baton.grammar.TokenMatcher;

/** As workers restrict a sequence. */
record Masked(TokenMatcher matcher) implements TokenConstraint {
    @Override
    public long[] allowed() {
        return matcher.allowed();
    }

    @Override
    public boolean complete() {
        return matcher.complete();
    }

    @Override
    public void accept(int token) {
        matcher.accept(token);
    }
}
