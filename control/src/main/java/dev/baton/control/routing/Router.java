package dev.baton.control.routing;

import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Picks prefill lane and decode lane together, cheapest first:
 *
 * <pre>
 *   split:    kv(p) + move(uncached(d), p, d) + wait(d)
 *   local:    kv(d)                           + wait(d)
 *   kv(w)   = (uncached(w) + queued(w)) / speed(w), or where another worker h holds more
 *             move(held(h) - cached(w), h, w) + (unheld + queued(w)) / speed(w), if that is less
 *   wait(d) = sequences(d) · perSequence + one second per share of the needed blocks that is not free
 * </pre>
 *
 * A sequence that a worker which is gone has begun is also made local where what is unheld is little enough.
 *
 * Draining, suspect and dead workers are out, and so are pairs between which KV does not move. Workers to avoid are out too,
 * but of decode workers only while another is left: without prefill workers a decode worker computes the prompt, without decode
 * workers nothing runs. Among equal costs the first worker offered wins: callers rotate the list.
 */
public final class Router {
    private final DisaggPolicy policy;
    private final Costs costs;

    public Router(DisaggPolicy policy, Costs costs) {
        this.policy = policy;
        this.costs = costs;
    }

    /**
     * What the parts of a route cost where no worker has measured them.
     *
     * @param prefillTokensPerSecond speed of a worker that has not measured its own yet
     * @param moveSameMachine KV of 1,000 tokens through shared memory
     * @param moveOtherMachine KV of 1,000 tokens over the network
     * @param perSequence what each sequence already there adds to the wait
     */
    public record Costs(
            double prefillTokensPerSecond, Duration moveSameMachine, Duration moveOtherMachine, Duration perSequence) {
        public Costs {
            if (!(prefillTokensPerSecond > 0)) {
                throw new IllegalArgumentException("prefillTokensPerSecond must be above 0");
            }
            if (moveSameMachine.isNegative() || moveOtherMachine.isNegative() || perSequence.isNegative()) {
                throw new IllegalArgumentException("costs must not be negative");
            }
        }

        /** Guesses that rank lanes sensibly until workers have measured themselves. */
        public static Costs defaults() {
            return new Costs(2_000, Duration.ofMillis(10), Duration.ofMillis(100), Duration.ofMillis(2));
        }

        double moveSeconds(int tokens, boolean sameMachine) {
            return seconds(sameMachine ? moveSameMachine : moveOtherMachine) * tokens / 1_000;
        }

        double waitSeconds(int sequences) {
            return seconds(perSequence) * sequences;
        }

        private static double seconds(Duration duration) {
            return duration.toNanos() / 1e9;
        }
    }

    /**
     * The needs of one attempt, as the router sees them.
     *
     * @param tokens prompt and accepted tokens
     * @param newTokens most tokens still to be generated
     * @param cached by worker id: longest prefix of {@code tokens} that it holds; absent is 0
     * @param avoid workers that failed or declined this request: a decode worker among them is taken only when no other is
     *     left, a prefill worker never
     * @param restoring ids of decode workers that are thought to find KV of all tokens but the last on their host
     * @param broken pairs between which KV does not move
     * @param holder the worker from which most can be fetched by name; null when nothing is to be fetched
     * @param begun a worker that is gone has begun the sequence
     */
    record Query(
            String model,
            int tokens,
            int newTokens,
            Map<String, Integer> cached,
            Set<WorkerRef> avoid,
            Set<Fault.Pair> broken,
            Set<String> restoring,
            @Nullable Worker holder,
            boolean begun) {
        /** For a new sequence of which no worker holds more than it says. */
        Query(
                String model,
                int tokens,
                int newTokens,
                Map<String, Integer> cached,
                Set<WorkerRef> avoid,
                Set<Fault.Pair> broken) {
            this(model, tokens, newTokens, cached, avoid, broken, Set.of(), null, false);
        }

        /** The same where a worker holds more; {@code begun} by a worker that is gone. */
        Query fetchingFrom(@Nullable Worker from, boolean goesOn) {
            return new Query(model, tokens, newTokens, cached, avoid, broken, restoring, from, goesOn);
        }

        boolean connects(Worker prefill, Worker decode) {
            return !broken.contains(
                    new Fault.Pair(prefill.state().getWorker(), decode.state().getWorker()));
        }

        /** Whether the worker is thought to find the KV on its host: it restores and computes no prompt, whatever the mode. */
        boolean restoresAt(Worker worker) {
            return restoring.contains(worker.id());
        }

        int uncachedAt(Worker worker) {
            // The last token is always computed: its logits make the next one.
            return Math.max(1, tokens - cachedAt(worker));
        }

        private int cachedAt(Worker worker) {
            return cached.getOrDefault(worker.id(), 0);
        }

        /** Tokens of which the worker can fetch the KV; 0 for what it has itself. */
        int fetchedAt(Worker worker) {
            return holder == null ? 0 : Math.max(0, cachedAt(holder) - cachedAt(worker));
        }
    }

    /**
     * A worker as one gateway sees it: its own report, which may be a heartbeat old, and what this gateway has sent
     * there since.
     *
     * @param live its token stream answers; false also while it is only suspect
     * @param routedTokens prompt tokens this gateway has sent there that no first token has answered
     * @param routedRequests requests of this gateway whose route it is on
     * @param routedTokensForLater of the tokens, those of work for later
     * @param routedForLater of the requests, those of work for later
     */
    record Worker(
            WorkerState state,
            boolean live,
            int routedTokens,
            int routedRequests,
            int routedTokensForLater,
            int routedForLater) {
        /** Without work for later. */
        Worker(WorkerState state, boolean live, int routedTokens, int routedRequests) {
            this(state, live, routedTokens, routedRequests, 0, 0);
        }

        String id() {
            return state.getWorker().getId();
        }

        Route.Leg leg() {
            return new Route.Leg(state.getWorker(), state.getLane());
        }

        boolean takesWork(String model) {
            return live && !state.getDraining() && state.getModel().equals(model);
        }

        /** Prompt tokens in front of a new one: the larger of both counts, since it is unknown how far they overlap. */
        int queuedTokens() {
            return Math.max(state.getQueuedTokens(), routedTokens);
        }

        /** Sequences that share its steps. */
        int sequences() {
            return Math.max(state.getQueued() + state.getRunning(), routedRequests);
        }

        /** What of {@link #queuedTokens} is in front of a prompt that is not for later. */
        int urgentTokens() {
            return Math.max(state.getQueuedTokens() - state.getQueuedTokensForLater(), urgentRoutedTokens());
        }

        private int urgentRoutedTokens() {
            return Math.max(0, routedTokens - routedTokensForLater);
        }

        /** Those of {@link #sequences} that do not give up their place to one that is not for later. */
        int urgentSequences() {
            return Math.max(state.getQueued() + state.getRunning() - state.getForLater(), urgentRequests());
        }

        int urgentRequests() {
            return Math.max(0, routedRequests - routedForLater);
        }
    }

    /** The largest uncached prompt that is left to a decode worker. */
    int localTokens() {
        return policy.localTokens();
    }

    /** The cheapest route, or empty when no live decode worker serves the model. */
    Optional<Route> choose(Query query, List<Worker> prefill, List<Worker> decode) {
        List<Worker> able = able(query, decode);
        if (able.isEmpty()) {
            return Optional.empty();
        }
        List<Worker> fresh = fresh(query, able);
        List<Worker> decoders = fresh.isEmpty() ? able : fresh;
        // A prefill worker that failed this request is never asked again: a decode worker can compute the prompt
        // itself.
        List<Worker> all = fresh(query, able(query, prefill));
        Candidate best = null;
        for (Worker decoder : decoders) {
            List<Worker> prefillers = all.stream()
                    .filter(worker -> query.connects(worker, decoder))
                    .toList();
            int least = prefillers.stream().mapToInt(query::uncachedAt).min().orElse(0);
            double wait = waitSeconds(query, decoder);
            if (prefillers.isEmpty() || query.restoresAt(decoder) || !policy.splits(query.uncachedAt(decoder), least)) {
                best = cheaper(best, new Candidate(null, decoder, kvSeconds(query, decoder) + wait));
                continue;
            }
            if (goesOnAt(query, decoder)) {
                best = cheaper(best, new Candidate(null, decoder, fetchSeconds(query, decoder) + wait));
            }
            for (Worker prefiller : prefillers) {
                double move = costs.moveSeconds(query.uncachedAt(decoder), sameMachine(prefiller, decoder));
                best = cheaper(best, new Candidate(prefiller, decoder, kvSeconds(query, prefiller) + move + wait));
            }
        }
        return Optional.ofNullable(best).map(Candidate::route);
    }

    /** The decode worker can go on with a sequence that was begun: it fetches most of it and computes the rest. */
    private boolean goesOnAt(Query query, Worker decoder) {
        int fetched = query.fetchedAt(decoder);
        return query.begun() && fetched > 0 && query.uncachedAt(decoder) - fetched <= policy.localTokens();
    }

    /** Whether the worker has the KV of all tokens sooner when it fetches what another holds. */
    boolean fetches(Query query, Worker worker) {
        return fetchSeconds(query, worker) < computeSeconds(query, worker);
    }

    private static List<Worker> able(Query query, List<Worker> workers) {
        return workers.stream()
                .filter(worker -> worker.takesWork(query.model()))
                .toList();
    }

    private static List<Worker> fresh(Query query, List<Worker> able) {
        return able.stream()
                .filter(worker -> !query.avoid().contains(worker.state().getWorker()))
                .toList();
    }

    private double kvSeconds(Query query, Worker worker) {
        return Math.min(computeSeconds(query, worker), fetchSeconds(query, worker));
    }

    private double computeSeconds(Query query, Worker worker) {
        return ((double) query.uncachedAt(worker) + worker.queuedTokens()) / speed(worker);
    }

    /** Without end where no other worker holds more, or KV does not move between the two. */
    private double fetchSeconds(Query query, Worker worker) {
        Worker holder = query.holder();
        int fetched = query.fetchedAt(worker);
        if (holder == null || fetched == 0 || !query.connects(holder, worker) || !query.connects(worker, holder)) {
            return Double.POSITIVE_INFINITY;
        }
        double rest = Math.max(1.0, query.uncachedAt(worker) - fetched);
        return costs.moveSeconds(fetched, sameMachine(holder, worker)) + (rest + worker.queuedTokens()) / speed(worker);
    }

    private double speed(Worker worker) {
        double measured = worker.state().getPrefillTokensPerSecond();
        return measured > 0 ? measured : costs.prefillTokensPerSecond();
    }

    private double waitSeconds(Query query, Worker worker) {
        int blockTokens = Math.max(1, worker.state().getBlockTokens());
        long needed = Math.max(1, ((long) query.tokens() + query.newTokens() + blockTokens - 1) / blockTokens);
        double missing = Math.max(0.0, needed - (double) worker.state().getFreeBlocks()) / needed;
        return costs.waitSeconds(worker.sequences()) + missing;
    }

    private static boolean sameMachine(Worker one, Worker other) {
        String machine = one.state().getMachine();
        return !machine.isEmpty() && machine.equals(other.state().getMachine());
    }

    private static @Nullable Candidate cheaper(@Nullable Candidate best, @Nullable Candidate next) {
        if (best == null || next == null) {
            return best == null ? next : best;
        }
        return next.seconds < best.seconds ? next : best;
    }

    private record Candidate(@Nullable Worker prefill, Worker decode, double seconds) {
        Route route() {
            return new Route(prefill == null ? null : prefill.leg(), decode.leg());
        }
    }
}
