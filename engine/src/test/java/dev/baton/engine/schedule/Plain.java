package dev.baton.engine.schedule;

import dev.baton.kv.PrefixHasher;

/** A sequence with a name. */
final class Plain extends Sequence {
    static final int BLOCK = 4;

    final String name;

    Plain(String name, Goal goal, int[] known, Terms terms) {
        super(goal, terms, known, new PrefixHasher(new byte[0], 1, BLOCK), BLOCK);
        this.name = name;
    }

    /** With tokens that no other name has. */
    static Plain of(String name, Goal goal, int length, Terms terms) {
        int[] tokens = new int[length];
        for (int i = 0; i < length; i++) {
            tokens[i] = name.hashCode() % 10_000 + i;
        }
        return new Plain(name, goal, tokens, terms);
    }

    @Override
    public String toString() {
        return name;
    }
}
