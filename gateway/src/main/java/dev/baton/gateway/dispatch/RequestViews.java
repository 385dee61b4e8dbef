package dev.baton.gateway.dispatch;

import dev.baton.gateway.dispatch.RequestView.AttemptView;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The requests of this gateway for operators: those that run, the last {@value #MOST_RECENT} that ended, and the sums of
 * all that ended. A view is made on the request's own loop, which only adds to a list; nobody waits for it there. Any
 * thread.
 */
public final class RequestViews {
    static final int MOST_RECENT = 256;
    private static final int MOST_SHOWN = 1_000;
    private static final int MOST_SUMS = 1_000;
    private static final String OTHERS = "(others)";

    private final RequestLoops loops;
    private final ArrayDeque<RequestView> recent = new ArrayDeque<>();
    private final Map<Owner, Sum> sums = new HashMap<>();
    private final Map<String, Hits> hits = new TreeMap<>();

    RequestViews(RequestLoops loops) {
        this.loops = loops;
    }

    /** Whose requests a sum counts. */
    public record Owner(String tenant, String model) {}

    /** Requests that ended with a token at least, and their tokens. */
    public record Sum(long requests, long promptTokens, long cachedTokens, long completionTokens) {
        private static final Sum NONE = new Sum(0, 0, 0, 0);

        private Sum plus(RequestView view) {
            return new Sum(
                    requests + 1,
                    promptTokens + view.promptTokens(),
                    cachedTokens + view.cachedTokens(),
                    completionTokens + view.tokens());
        }
    }

    /**
     * Prompts that a worker was given first, what was thought to be in its cache, and what was.
     *
     * @param promptTokens of requests that were answered at their first attempt
     */
    public record Hits(long requests, long promptTokens, long expectedTokens, long cachedTokens) {
        private static final Hits NONE = new Hits(0, 0, 0, 0);

        private Hits plus(RequestView view, AttemptView attempt) {
            return new Hits(
                    requests + 1,
                    promptTokens + view.promptTokens(),
                    expectedTokens + attempt.expectedCached(),
                    cachedTokens + view.cachedTokens());
        }
    }

    synchronized void ended(RequestView view) {
        if (recent.size() == MOST_RECENT) {
            recent.removeLast();
        }
        recent.addFirst(view);
        if (view.tokens() == 0) {
            return;
        }
        Owner owner = new Owner(view.tenant(), view.model());
        Owner counted = sums.containsKey(owner) || sums.size() < MOST_SUMS ? owner : new Owner(OTHERS, OTHERS);
        sums.put(counted, sums.getOrDefault(counted, Sum.NONE).plus(view));
        if (view.attempts().size() == 1) {
            AttemptView attempt = view.attempts().getFirst();
            String prefill = attempt.prefill();
            String first = prefill == null ? attempt.decode() : prefill;
            if (hits.containsKey(first) || hits.size() < MOST_SUMS) {
                hits.put(first, hits.getOrDefault(first, Hits.NONE).plus(view, attempt));
            }
        }
    }

    /** The last that ended, newest first. */
    public synchronized List<RequestView> recent() {
        return List.copyOf(recent);
    }

    /** What this process has answered since its start, by tenant and model. */
    public synchronized Map<Owner, Sum> sums() {
        return Map.copyOf(sums);
    }

    /** Since this process' start, by the worker that was given the prompt. */
    public synchronized Map<String, Hits> hits() {
        return new TreeMap<>(hits);
    }

    /** Those under way, oldest first; at most {@value #MOST_SHOWN}. */
    public CompletionStage<List<RequestView>> running() {
        List<CompletableFuture<List<RequestView>>> parts = new ArrayList<>();
        for (RequestLoops.Loop loop : loops.all()) {
            CompletableFuture<List<RequestView>> part = new CompletableFuture<>();
            loop.run(() -> part.complete(loop.all().stream()
                    .limit(MOST_SHOWN)
                    .map(ActiveRequest::view)
                    .toList()));
            parts.add(part);
        }
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
                .thenApply(done -> parts.stream()
                        .flatMap(part -> part.join().stream())
                        .sorted(Comparator.comparing(RequestView::started))
                        .limit(MOST_SHOWN)
                        .toList());
    }

    /** One that runs or ended lately. */
    public CompletionStage<Optional<RequestView>> find(String requestId) {
        RequestLoops.Loop loop = loops.of(requestId);
        CompletableFuture<Optional<RequestView>> found = new CompletableFuture<>();
        loop.run(() -> {
            ActiveRequest request = loop.find(requestId);
            found.complete(request == null ? ended(requestId) : Optional.of(request.view()));
        });
        return found;
    }

    private synchronized Optional<RequestView> ended(String requestId) {
        return recent.stream().filter(view -> view.request().equals(requestId)).findFirst();
    }
}
