package dev.baton.grammar;

import dev.baton.grammar.Nfa.Fragment;
import dev.baton.protocol.v1.Repeated;
import dev.baton.protocol.v1.Structure;
import dev.baton.protocol.v1.Structures;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Turns a structure into automata. */
final class StructureReader {
    private static final int DEEPEST = 16;

    private final Nfa nfa;
    private final JsonRules json;

    StructureReader(Nfa nfa) {
        this.nfa = nfa;
        this.json = new JsonRules(nfa);
    }

    Fragment read(Structure structure) {
        return read(structure, 0);
    }

    private Fragment read(Structure structure, int depth) {
        if (depth > DEEPEST) {
            throw new GrammarException("The structure nests deeper than " + DEEPEST + " levels.");
        }
        return switch (structure.getKindCase()) {
            case LITERAL -> nfa.literal(structure.getLiteral());
            case TOKEN -> nfa.literal(Vocabulary.spelledOut(structure.getToken()));
            case REGEX -> Regex.whole(nfa, RegexParser.parse(structure.getRegex()), Spelling.PLAIN);
            case JSON_SCHEMA -> nfa.callOf(new SchemaReader(nfa, json, structure.getJsonSchema()).rule());
            case JSON_OBJECT -> nfa.callOf(json.object());
            case JSON_VALUE -> nfa.callOf(json.value());
            case SEQUENCE -> nfa.sequence(each(structure.getSequence(), depth));
            case ANY_OF -> nfa.anyOf(each(structure.getAnyOf(), depth));
            case TEXT_WITHOUT -> textWithout(structure.getTextWithout());
            case REPEATED -> repeated(structure.getRepeated(), depth);
            case KIND_NOT_SET -> throw new GrammarException("The structure says nothing.");
        };
    }

    /** One node for each number of its characters that may have begun it, as Knuth, Morris and Pratt search. */
    private Fragment textWithout(String text) {
        int[] wanted = text.codePoints().toArray();
        int[] starts = new int[Math.max(1, wanted.length)];
        int end = nfa.node();
        for (int i = 0; i < starts.length; i++) {
            starts[i] = nfa.node();
            nfa.nothing(starts[i], end);
        }
        for (int begun = 0; begun < starts.length; begun++) {
            CharSet others = CharSet.ALL;
            for (int c : Arrays.stream(wanted).distinct().toArray()) {
                others = others.without(CharSet.range(c, c));
                int after = begunAfter(wanted, begun, c);
                if (after < wanted.length) {
                    join(starts[begun], CharSet.range(c, c), starts[after]);
                }
            }
            join(starts[begun], others, starts[0]);
        }
        return new Fragment(starts[0], end);
    }

    private void join(int from, CharSet set, int to) {
        Fragment one = Spelling.PLAIN.one(nfa, set);
        nfa.nothing(from, one.start());
        nfa.nothing(one.end(), to);
    }

    /** The longest start of the text that ends in its first {@code begun} characters and {@code next}. */
    private static int begunAfter(int[] text, int begun, int next) {
        int[] read = Arrays.copyOf(text, begun + 1);
        read[begun] = next;
        int length = begun + 1;
        while (length > 0 && !Arrays.equals(text, 0, length, read, begun + 1 - length, begun + 1)) {
            length--;
        }
        return length;
    }

    private List<Fragment> each(Structures structures, int depth) {
        List<Fragment> parts = new ArrayList<>();
        for (Structure part : structures.getOfList()) {
            parts.add(read(part, depth + 1));
        }
        return parts;
    }

    private Fragment repeated(Repeated repeated, int depth) {
        // A rule of its own: the body is built once however often it may come.
        int body = nfa.rule(read(repeated.getOf(), depth + 1));
        int between = nfa.rule(read(repeated.getBetween(), depth + 1));
        int most = repeated.getMost() == 0 ? -1 : repeated.getMost() - 1;
        return nfa.sequence(
                nfa.callOf(body), nfa.repeated(() -> nfa.sequence(nfa.callOf(between), nfa.callOf(body)), 0, most));
    }
}
