package dev.baton.gateway.answer;

import dev.baton.gateway.dispatch.GenerationRequest;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import java.time.Instant;
import java.util.List;

/**
 * A request that has been read, checked and encoded: all that it takes to run it and to shape its answer.
 *
 * @param answerId the {@code id} in the answer
 * @param created seconds since the epoch
 * @param works one per prompt
 * @param n choices per prompt
 * @param sampling with its seed set; choice i draws with seed + i
 * @param stops texts to cut at
 * @param includeTiming the client asked where its time to first token went
 */
public record PreparedRequest(
        String requestId,
        String answerId,
        long created,
        String model,
        Shape shape,
        List<Work> works,
        int n,
        Sampling sampling,
        List<String> stops,
        boolean stream,
        boolean includeUsage,
        boolean includeTiming,
        String tenant,
        int priority,
        Instant deadline) {
    /** One prompt and when its choices stop. */
    public record Work(int[] prompt, Stopping stopping) {}

    public PreparedRequest {
        works = List.copyOf(works);
        stops = List.copyOf(stops);
    }

    public int choices() {
        return works.size() * n;
    }

    public int promptTokens() {
        int tokens = 0;
        for (Work work : works) {
            tokens += work.prompt.length;
        }
        return tokens;
    }

    Work workOf(int choice) {
        return works.get(choice / n);
    }

    GenerationRequest submission(int choice) {
        Work work = workOf(choice);
        Sampling own = choice == 0
                ? sampling
                : sampling.toBuilder().setSeed(sampling.getSeed() + choice).build();
        String id = choice == 0 ? requestId : requestId + "-" + choice;
        return new GenerationRequest(id, tenant, model, work.prompt, own, work.stopping, priority, deadline);
    }
}
