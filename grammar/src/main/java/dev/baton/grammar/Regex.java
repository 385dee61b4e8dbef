package dev.baton.grammar;

import dev.baton.grammar.Nfa.Fragment;
import java.util.ArrayList;
import java.util.List;

/** A regular expression, read. */
sealed interface Regex {
    record Chars(CharSet set) implements Regex {}

    record Sequence(List<Regex> parts) implements Regex {}

    record Alternatives(List<Regex> of) implements Regex {}

    /** @param most −1 for no bound */
    record Repeat(Regex of, int least, int most) implements Regex {}

    /** One of the alternatives at the top, and whether it is tied to the text's start and to its end. */
    record Branch(Regex body, boolean fromStart, boolean toEnd) {}

    /** As a whole text. */
    static Fragment whole(Nfa nfa, List<Branch> branches, Spelling spelling) {
        List<Fragment> bodies = new ArrayList<>();
        for (Branch branch : branches) {
            bodies.add(branch.body().build(nfa, spelling));
        }
        return nfa.anyOf(bodies);
    }

    /** As a text in which the expression is found, which is what {@code pattern} of JSON Schema means. */
    static Fragment search(Nfa nfa, List<Branch> branches, Spelling spelling) {
        List<Fragment> bodies = new ArrayList<>();
        for (Branch branch : branches) {
            List<Fragment> parts = new ArrayList<>();
            if (!branch.fromStart()) {
                parts.add(anything(nfa, spelling));
            }
            parts.add(branch.body().build(nfa, spelling));
            if (!branch.toEnd()) {
                parts.add(anything(nfa, spelling));
            }
            bodies.add(nfa.sequence(parts));
        }
        return nfa.anyOf(bodies);
    }

    private static Fragment anything(Nfa nfa, Spelling spelling) {
        return nfa.repeated(() -> spelling.one(nfa, CharSet.ALL), 0, -1);
    }

    default Fragment build(Nfa nfa, Spelling spelling) {
        return switch (this) {
            case Chars chars -> spelling.one(nfa, chars.set());
            case Sequence sequence ->
                nfa.sequence(sequence.parts().stream()
                        .map(part -> part.build(nfa, spelling))
                        .toList());
            case Alternatives alternatives ->
                nfa.anyOf(alternatives.of().stream()
                        .map(part -> part.build(nfa, spelling))
                        .toList());
            case Repeat repeat -> nfa.repeated(() -> repeat.of().build(nfa, spelling), repeat.least(), repeat.most());
        };
    }
}
