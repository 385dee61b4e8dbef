package dev.baton.control.routing;

import dev.baton.protocol.v1.WorkerRef;
import java.util.Map;
import java.util.Set;

/**
 * The needs of one attempt, as the router sees them.
 *
 * @param tokens prompt and accepted tokens
 * @param newTokens most tokens still to be generated
 * @param cached by worker id: longest prefix of {@code tokens} that it holds; absent is 0
 * @param avoid workers that failed or declined this request: a decode worker among them is taken only when no other is
 *     left, a prefill worker never
 * @param restoring ids of decode workers that are thought to find KV of all tokens but the last on their host
 */
public record RoutingQuery(
        String model,
        int tokens,
        int newTokens,
        Map<String, Integer> cached,
        Set<WorkerRef> avoid,
        Set<String> restoring) {
    /** Of a sequence that nobody has begun. */
    public RoutingQuery(String model, int tokens, int newTokens, Map<String, Integer> cached, Set<WorkerRef> avoid) {
        this(model, tokens, newTokens, cached, avoid, Set.of());
    }

    /** Whether the worker is thought to find the KV on its host: it restores and computes no prompt, whatever the mode. */
    boolean restoresAt(WorkerView worker) {
        return restoring.contains(worker.id());
    }

    int uncachedAt(WorkerView worker) {
        // The last token is always computed: its logits make the next one.
        return Math.max(1, tokens - cached.getOrDefault(worker.id(), 0));
    }
}
