package dev.baton.gateway.reasoning;

import static dev.baton.gateway.reasoning.ReasoningFormat.literal;
import static dev.baton.gateway.reasoning.ReasoningFormat.token;

import dev.baton.protocol.v1.Structure;
import dev.baton.tokenizer.ModelTokenizer;
import java.util.List;
import java.util.Optional;

/** The messages of gpt-oss: each names its channel, {@code analysis} is reasoning, all others are the answer. */
record ReasoningChannels() implements ReasoningFormat {
    static final String CHANNEL = "<|channel|>";
    static final String MESSAGE = "<|message|>";
    static final String START = "<|start|>";
    static final String END = "<|end|>";
    static final String REASONING = "analysis";

    static Optional<ReasoningFormat> of(ModelTokenizer tokenizer) {
        boolean known = List.of(CHANNEL, MESSAGE, START, END).stream()
                .allMatch(mark ->
                        tokenizer.idOf(mark).filter(tokenizer::isSpecial).isPresent());
        return known && tokenizer.templateMentions(CHANNEL) && tokenizer.templateMentions(REASONING)
                ? Optional.of(new ReasoningChannels())
                : Optional.empty();
    }

    @Override
    public boolean opened() {
        return false;
    }

    @Override
    public Optional<ReasoningFormat> after(String promptEnd) {
        return Optional.of(this);
    }

    @Override
    public ReasoningFormat openedByPrompt() {
        return this;
    }

    @Override
    public Structure before(Structure answer) {
        Structure last = ReasoningFormat.sequence(List.of(token(CHANNEL), literal("final"), token(MESSAGE), answer));
        return ReasoningFormat.anyOf(List.of(
                last,
                ReasoningFormat.sequence(List.of(
                        token(CHANNEL),
                        literal(REASONING),
                        token(MESSAGE),
                        ReasoningFormat.text(""),
                        token(END),
                        token(START),
                        literal("assistant"),
                        last))));
    }

    @Override
    public ReasoningReader reader(ModelTokenizer tokenizer, ReasoningReader.Sink sink) {
        return new ChannelReader(tokenizer, sink);
    }
}
