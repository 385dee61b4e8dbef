package dev.baton.gateway.answer;

import dev.baton.gateway.logprobs.LogprobFormat;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.protocol.v1.Sampling;
import dev.baton.tokenizer.ModelTokenizer;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/** The model behind this gateway: its public name, its tokenizer and how much it can hold. */
public final class ServedModel {
    private final String name;
    private final ModelTokenizer tokenizer;
    private final int maxContext;
    private final Sampling defaults;
    private final long created;
    private final Set<Integer> stopTokens;
    private final LogprobFormat chatLogprobs;
    private final LogprobFormat completionLogprobs;

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
        this.chatLogprobs = LogprobFormat.chat(tokenizer);
        this.completionLogprobs = LogprobFormat.completion(tokenizer);
        this.stopTokens = Arrays.stream(tokenizer.stopIds()).boxed().collect(Collectors.toUnmodifiableSet());
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

    /** How log probabilities are written on an endpoint. */
    LogprobFormat logprobs(Shape shape) {
        return switch (shape) {
            case CHAT, RESPONSE -> chatLogprobs;
            case COMPLETION -> completionLogprobs;
        };
    }

    /** Tokens that end an answer by the model's own rules. */
    public Set<Integer> stopTokens() {
        return stopTokens;
    }
}
