package dev.baton.gateway.openai;

import dev.baton.grammar.Grammar;
import dev.baton.grammar.GrammarException;
import dev.baton.protocol.v1.Structure;
import java.util.LinkedHashMap;
import java.util.Map;

/** Refuses structures that workers could not guarantee, before any work. Remembers the last good ones. Any thread. */
final class CheckedStructures {
    private static final int MOST_KEPT = 256;

    private final Map<Structure, Boolean> good = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Structure, Boolean> eldest) {
            return size() > MOST_KEPT;
        }
    };

    /** @param param the field that asks for it */
    void check(Structure structure, String param) {
        synchronized (good) {
            if (good.containsKey(structure)) {
                return;
            }
        }
        try {
            Grammar.of(structure);
        } catch (GrammarException e) {
            throw JsonFields.invalid(param, String.valueOf(e.getMessage()));
        }
        synchronized (good) {
            good.put(structure, true);
        }
    }
}
