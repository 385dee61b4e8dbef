package dev.baton.gateway.answer;

import dev.baton.protocol.v1.Sampling;
import dev.baton.tokenizer.ModelTokenizer;
import java.util.BitSet;

/** The model behind this gateway: its public name, its tokenizer and how much it can hold. */
public final class ServedModel {
    private final String name;
    private final ModelTokenizer tokenizer;
    private final int maxContext;
    private final Sampling defaults;
    private final long created;
    private final BitSet ends = new BitSet();

    /**
     * @param maxContext tokens of prompt and answer together
     * @param defaults sampling of a request that says nothing about it
     * @param created seconds since the epoch, as the model list shows it
     */
    public ServedModel(String name, ModelTokenizer tokenizer, int maxContext, Sampling defaults, long created) {
        this.name = name;
        this.tokenizer = tokenizer;
        this.maxContext = maxContext;
        this.defaults = defaults;
        this.created = created;
        for (int id : tokenizer.stopIds()) {
            ends.set(id);
        }
    }

    public String name() {
        return name;
    }

    public ModelTokenizer tokenizer() {
        return tokenizer;
    }

    public int maxContext() {
        return maxContext;
    }

    public Sampling defaults() {
        return defaults;
    }

    public long created() {
        return created;
    }

    /** Whether the token ends an answer by the model's own rules. */
    boolean isEnd(int token) {
        return ends.get(token);
    }
}
