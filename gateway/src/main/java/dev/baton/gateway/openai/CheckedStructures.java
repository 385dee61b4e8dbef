package dev.baton.gateway.openai;

import dev.baton.grammar.Grammar;
import dev.baton.grammar.GrammarException;
import dev.baton.protocol.v1.Structure;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Says which structures workers cannot guarantee, before any work. Remembers the last ones. Any thread. */
final class CheckedStructures {
    private static final int MOST_KEPT = 256;

    /** With what is wrong with them. */
    private final Map<Structure, Optional<String>> known = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Structure, Optional<String>> eldest) {
            return size() > MOST_KEPT;
        }
    };

    /** @param param the field that asks for it */
    void check(Structure structure, String param) {
        fault(structure).ifPresent(fault -> {
            throw JsonFields.invalid(param, fault);
        });
    }

    boolean isGood(Structure structure) {
        return fault(structure).isEmpty();
    }

    /** Why the structure cannot be guaranteed. Compiles what is not known yet. */
    private Optional<String> fault(Structure structure) {
        Optional<String> fault;
        synchronized (known) {
            fault = known.get(structure);
        }
        if (fault == null) {
            fault = compiled(structure);
            synchronized (known) {
                known.put(structure, fault);
            }
        }
        return fault;
    }

    private static Optional<String> compiled(Structure structure) {
        try {
            Grammar.of(structure);
            return Optional.empty();
        } catch (GrammarException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
