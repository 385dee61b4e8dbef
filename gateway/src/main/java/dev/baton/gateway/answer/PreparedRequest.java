package dev.baton.gateway.answer;

import dev.baton.control.GenerationRequest;
import dev.baton.gateway.reasoning.ReasoningFormat;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.gateway.sse.ResponseHead;
import dev.baton.gateway.toolcalls.ToolFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request that has been read, checked and encoded: what the workers must compute, and how the client gets it.
 *
 * @param answerId the {@code id} in the answer
 * @param created seconds since the epoch
 * @param generations one per choice; the choices of one prompt follow each other
 * @param n choices per prompt
 * @param stops texts to cut at
 * @param serviceTier the tier that was used, where the client asked for one
 * @param systemFingerprint of what makes the answer, as the answer names it; null where no worker was there to ask
 * @param includeTiming the client asked where its time to first token went
 * @param tools how calls of tools stand in the answer; null where it is text alone
 * @param echoes what is said before the answers, one for each prompt; empty for nothing
 * @param repeated what a response repeats of its request, as JSON without braces; empty for other answers
 * @param reasoning how reasoning stands before the answer; null where all is answer
 */
public record PreparedRequest(
        String answerId,
        long created,
        String model,
        Shape shape,
        List<GenerationRequest> generations,
        int n,
        List<String> stops,
        boolean stream,
        boolean includeUsage,
        @Nullable String serviceTier,
        @Nullable String systemFingerprint,
        boolean includeTiming,
        @Nullable ToolFormat tools,
        @Nullable ReasoningFormat reasoning,
        List<Echo> echoes,
        String repeated) {
    public PreparedRequest {
        generations = List.copyOf(generations);
        stops = List.copyOf(stops);
        echoes = List.copyOf(echoes);
    }

    /** The same, with what its response repeats of the request. */
    public PreparedRequest repeating(String members) {
        return new PreparedRequest(
                answerId,
                created,
                model,
                shape,
                generations,
                n,
                stops,
                stream,
                true,
                serviceTier,
                systemFingerprint,
                includeTiming,
                tools,
                reasoning,
                echoes,
                members);
    }

    /** Bytes that its answer holds from its start to its end, beside what is generated. */
    public long heldBytes() {
        return 2L * repeated.length();
    }

    /** What the response object says beside its output. */
    public ResponseHead responseHead() {
        return new ResponseHead(answerId, created, model, repeated);
    }

    /** What is said before an answer; null for nothing. */
    @Nullable
    Echo echo(int choice) {
        return echoes.isEmpty() ? null : echoes.get(choice / n);
    }

    public int choices() {
        return generations.size();
    }

    /** Each prompt counts once, however many choices it has. */
    public int promptTokens() {
        int tokens = 0;
        for (int choice = 0; choice < generations.size(); choice += n) {
            tokens += generations.get(choice).prompt().length;
        }
        return tokens;
    }

    /** The most that it can take: its prompt, and whole answers of every choice. */
    public long mostTokens() {
        return promptTokens()
                + generations.stream()
                        .mapToLong(generation -> generation.stopping().getMaxTokens())
                        .sum();
    }
}
