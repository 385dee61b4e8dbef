package dev.baton.gateway.reasoning;

import dev.baton.protocol.v1.Structure;
import dev.baton.protocol.v1.Structures;
import dev.baton.tokenizer.ModelTokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Where a model's reasoning stands in what it writes: always before the answer. */
public sealed interface ReasoningFormat permits ReasoningTags, ReasoningChannels {
    /** Tokens of a prompt's end that tell whether it has begun or ended the reasoning. */
    int LONGEST_MARK = 16;

    /** Whether the prompt has begun the reasoning, so that what comes first is reasoning without a mark. */
    boolean opened();

    /** The form after a prompt that ends so; empty where the prompt says that there is no reasoning. */
    Optional<ReasoningFormat> after(String promptEnd);

    /** As when the prompt has begun the reasoning. */
    ReasoningFormat openedByPrompt();

    /** What a choice may be that has reasoning before an answer of this structure. */
    Structure before(Structure answer);

    /** For one choice. */
    ReasoningReader reader(ModelTokenizer tokenizer, ReasoningReader.Sink sink);

    /** The form that the model's chat template reads or writes; empty when there is none that is known. */
    static Optional<ReasoningFormat> of(ModelTokenizer tokenizer) {
        return ReasoningChannels.of(tokenizer).or(() -> ReasoningTags.of(tokenizer));
    }

    /** The form of what follows the prompt; empty where nothing is thought. */
    static Optional<ReasoningFormat> after(int[] prompt, ModelTokenizer tokenizer) {
        int[] end = Arrays.copyOfRange(prompt, Math.max(0, prompt.length - LONGEST_MARK), prompt.length);
        return of(tokenizer).flatMap(format -> format.after(tokenizer.decode(end, false)));
    }

    static Structure literal(String text) {
        return Structure.newBuilder().setLiteral(text).build();
    }

    static Structure token(String spelling) {
        return Structure.newBuilder().setToken(spelling).build();
    }

    /** @param without what does not occur in it; empty for any text */
    static Structure text(String without) {
        return Structure.newBuilder().setTextWithout(without).build();
    }

    static Structure sequence(List<Structure> parts) {
        return Structure.newBuilder()
                .setSequence(Structures.newBuilder().addAllOf(parts))
                .build();
    }

    static Structure anyOf(List<Structure> alternatives) {
        return Structure.newBuilder()
                .setAnyOf(Structures.newBuilder().addAllOf(alternatives))
                .build();
    }
}
