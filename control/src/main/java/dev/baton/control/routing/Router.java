package dev.baton.control.routing;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Picks prefill lane and decode lane together, cheapest first:
 *
 * <pre>
 *   split:  (uncached(p) + queued(p)) / speed(p) + move(p, d) + wait(d)
 *   local:  (uncached(d) + queued(d)) / speed(d)              + wait(d)
 *   wait(d) = sequences(d) · perSequence + one second per share of the needed blocks that is not free
 * </pre>
 *
 * Draining, suspect and dead workers are out. Workers to avoid are out too, but of decode workers only while another is
 * left: without prefill workers a decode worker computes the prompt, without decode workers nothing runs. Among equal
 * costs the first worker offered wins: callers rotate the list.
 */
public final class Router {
    private final DisaggPolicy policy;
    private final RoutingCosts costs;

    public Router(DisaggPolicy policy, RoutingCosts costs) {
        this.policy = policy;
        this.costs = costs;
    }

    /** The largest uncached prompt that is left to a decode worker. */
    int localTokens() {
        return policy.localTokens();
    }

    /** The cheapest route, or empty when no live decode worker serves the model. */
    public Optional<Route> choose(RoutingQuery query, List<WorkerView> prefill, List<WorkerView> decode) {
        List<WorkerView> able = able(query, decode);
        if (able.isEmpty()) {
            return Optional.empty();
        }
        List<WorkerView> fresh = fresh(query, able);
        List<WorkerView> decoders = fresh.isEmpty() ? able : fresh;
        // A prefill worker that failed this request is never asked again: a decode worker can compute the prompt
        // itself.
        List<WorkerView> prefillers = fresh(query, able(query, prefill));
        Candidate best = null;
        for (WorkerView decoder : decoders) {
            double wait = waitSeconds(query, decoder);
            if (prefillers.isEmpty() || query.restoresAt(decoder) || !policy.splits(query.uncachedAt(decoder))) {
                best = cheaper(best, new Candidate(null, decoder, prefillSeconds(query, decoder) + wait));
                continue;
            }
            for (WorkerView prefiller : prefillers) {
                double move = costs.moveSeconds(query.tokens(), sameMachine(prefiller, decoder));
                double cost = prefillSeconds(query, prefiller) + move + wait;
                best = cheaper(best, new Candidate(prefiller, decoder, cost));
            }
        }
        return Optional.ofNullable(best).map(Candidate::route);
    }

    private static List<WorkerView> able(RoutingQuery query, List<WorkerView> workers) {
        return workers.stream()
                .filter(worker -> worker.takesWork(query.model()))
                .toList();
    }

    private static List<WorkerView> fresh(RoutingQuery query, List<WorkerView> able) {
        return able.stream()
                .filter(worker -> !query.avoid().contains(worker.state().getWorker()))
                .toList();
    }

    private double prefillSeconds(RoutingQuery query, WorkerView worker) {
        double measured = worker.state().getPrefillTokensPerSecond();
        double speed = measured > 0 ? measured : costs.prefillTokensPerSecond();
        return ((double) query.uncachedAt(worker) + worker.queuedTokens()) / speed;
    }

    private double waitSeconds(RoutingQuery query, WorkerView worker) {
        int blockTokens = Math.max(1, worker.state().getBlockTokens());
        long needed = Math.max(1, ((long) query.tokens() + query.newTokens() + blockTokens - 1) / blockTokens);
        double missing = Math.max(0.0, needed - (double) worker.state().getFreeBlocks()) / needed;
        return costs.waitSeconds(worker.sequences()) + missing;
    }

    private static boolean sameMachine(WorkerView one, WorkerView other) {
        String machine = one.state().getMachine();
        return !machine.isEmpty() && machine.equals(other.state().getMachine());
    }

    private static Candidate cheaper(@Nullable Candidate best, Candidate next) {
        return best == null || next.seconds < best.seconds ? next : best;
    }

    private record Candidate(@Nullable WorkerView prefill, WorkerView decode, double seconds) {
        Route route() {
            return new Route(prefill == null ? null : prefill.leg(), decode.leg());
        }
    }
}
