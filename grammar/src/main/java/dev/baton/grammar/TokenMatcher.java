package dev.baton.grammar;

/** One answer: which tokens may come next is a function of those that have come. */
public final class TokenMatcher {
    private final TokenGrammar grammar;
    private Position at;

    TokenMatcher(TokenGrammar grammar) {
        this.grammar = grammar;
        this.at = grammar.start();
    }

    /** A bit for each token, lowest id in the lowest bit of the first word. Not to be changed. */
    public long[] allowed() {
        return grammar.mask(at);
    }

    public boolean allows(int token) {
        return grammar.after(at, token) != null;
    }

    /** The answer may end here. */
    public boolean complete() {
        return at.complete;
    }

    /** @throws GrammarException when the token could not come */
    public void accept(int token) {
        Position next = grammar.after(at, token);
        if (next == null) {
            throw new GrammarException(
                    "Token " + token + " cannot come here: the answer so far is not of the structure.");
        }
        at = next;
    }
}
