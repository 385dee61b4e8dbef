package dev.baton.gateway.openai;

import dev.baton.protocol.v1.Sampling;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What both endpoints take beside the prompt.
 *
 * @param sampling without its seed when {@code seed} is null
 * @param seed null when the client leaves it to us
 * @param maxTokens null means the rest of the context
 * @param stops texts to cut at
 */
record Options(
        String model,
        int n,
        boolean stream,
        boolean includeUsage,
        Sampling sampling,
        @Nullable Long seed,
        @Nullable Integer maxTokens,
        int minTokens,
        boolean ignoreEos,
        Set<Integer> stopTokenIds,
        List<String> stops,
        int priority) {
    Options {
        stopTokenIds = Set.copyOf(stopTokenIds);
        stops = List.copyOf(stops);
    }
}
