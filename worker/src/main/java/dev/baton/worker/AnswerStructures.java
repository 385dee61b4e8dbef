package dev.baton.worker;

import dev.baton.engine.sampling.ConstraintException;
import dev.baton.engine.sampling.TokenConstraint;
import dev.baton.grammar.Grammar;
import dev.baton.grammar.GrammarException;
import dev.baton.grammar.TokenGrammar;
import dev.baton.grammar.TokenMatcher;
import dev.baton.grammar.Vocabulary;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Structure;
import dev.baton.tokenizer.TokenSpellings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What restricts answers to the structure that their requests ask for. The last used structures are kept, with what their
 * masks have cost; the vocabulary is read when the first request asks. Any thread; what it gives belongs to the engine's.
 */
public final class AnswerStructures {
    /** Each may hold some 16 MiB of tables and as much of masks and positions, when it is as large as is allowed. */
    private static final int MOST_KEPT = 16;

    private final Path model;
    private @Nullable Vocabulary vocabulary;
    private final Map<Structure, TokenGrammar> kept = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Structure, TokenGrammar> eldest) {
            return size() > MOST_KEPT;
        }
    };

    AnswerStructures(Path model) {
        this.model = model;
    }

    /**
     * Compiles what the request asks for; takes up to about a second for a structure that is not known yet.
     *
     * @throws GrammarException when it is not a structure that can be guaranteed
     * @throws IOException when the model's tokenizer cannot be read
     */
    public Supplier<? extends @Nullable TokenConstraint> of(Generation generation) throws IOException {
        if (!generation.hasStructure()) {
            return () -> null;
        }
        TokenGrammar grammar = grammar(generation.getStructure());
        return () -> new Constraint(grammar.matcher());
    }

    private synchronized TokenGrammar grammar(Structure structure) throws IOException {
        TokenGrammar known = kept.get(structure);
        if (known == null) {
            known = new TokenGrammar(Grammar.of(structure), vocabulary());
            kept.put(structure, known);
        }
        return known;
    }

    private Vocabulary vocabulary() throws IOException {
        if (vocabulary == null) {
            TokenSpellings spellings = TokenSpellings.read(model);
            vocabulary = new Vocabulary(spellings.bytes(), spellings.special());
        }
        return vocabulary;
    }

    private record Constraint(TokenMatcher matcher) implements TokenConstraint {
        @Override
        public long[] allowed() {
            try {
                return matcher.allowed();
            } catch (GrammarException e) {
                throw new ConstraintException(String.valueOf(e.getMessage()));
            }
        }

        @Override
        public boolean complete() {
            return matcher.complete();
        }

        @Override
        public void accept(int token) {
            try {
                matcher.accept(token);
            } catch (GrammarException e) {
                throw new ConstraintException(String.valueOf(e.getMessage()));
            }
        }
    }
}
