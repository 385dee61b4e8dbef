package dev.baton.gateway.reasoning;

import dev.baton.protocol.v1.Structure;
import dev.baton.tokenizer.ModelTokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reasoning between two marks, such as {@code <think>} and {@code </think>}.
 *
 * @param openIsToken the mark is a special token, which no text has
 * @param closeIsToken likewise
 */
record ReasoningTags(String open, String close, boolean openIsToken, boolean closeIsToken, boolean opened)
        implements ReasoningFormat {
    private record Pair(String open, String close) {}

    private static final List<Pair> KNOWN = List.of(
            // Qwen, DeepSeek, GLM, MiniMax, Granite and most others.
            new Pair("<think>", "</think>"),
            // Magistral
            new Pair("[THINK]", "[/THINK]"),
            new Pair("<seed:think>", "</seed:think>"),
            new Pair("<|START_THINKING|>", "<|END_THINKING|>"),
            // EXAONE
            new Pair("<thought>", "</thought>"));

    /** Templates that begin the reasoning themselves may have only the mark that ends it. */
    static Optional<ReasoningFormat> of(ModelTokenizer tokenizer) {
        return KNOWN.stream()
                .filter(pair -> tokenizer.templateMentions(pair.close()))
                .findFirst()
                .map(pair -> new ReasoningTags(
                        pair.open(),
                        pair.close(),
                        isToken(pair.open(), tokenizer),
                        isToken(pair.close(), tokenizer),
                        false));
    }

    private static boolean isToken(String mark, ModelTokenizer tokenizer) {
        return tokenizer.idOf(mark).filter(tokenizer::isSpecial).isPresent();
    }

    @Override
    public Optional<ReasoningFormat> after(String promptEnd) {
        String end = promptEnd.stripTrailing();
        if (end.endsWith(open)) {
            return Optional.of(openedByPrompt());
        }
        return end.endsWith(close) ? Optional.empty() : Optional.of(this);
    }

    @Override
    public ReasoningFormat openedByPrompt() {
        return new ReasoningTags(open, close, openIsToken, closeIsToken, true);
    }

    @Override
    public Structure before(Structure answer) {
        List<Structure> parts = new ArrayList<>();
        if (!opened) {
            parts.add(mark(open, openIsToken));
        }
        parts.add(ReasoningFormat.text(closeIsToken ? "" : close));
        parts.add(mark(close, closeIsToken));
        parts.add(Structure.newBuilder().setRegex("\\n{0,2}").build());
        parts.add(answer);
        Structure reasoned = ReasoningFormat.sequence(parts);
        return opened ? reasoned : ReasoningFormat.anyOf(List.of(reasoned, answer));
    }

    private static Structure mark(String spelling, boolean isToken) {
        return isToken ? ReasoningFormat.token(spelling) : ReasoningFormat.literal(spelling);
    }

    @Override
    public ReasoningReader reader(ModelTokenizer tokenizer, ReasoningReader.Sink sink) {
        return new TagReader(this, tokenizer, sink);
    }
}
