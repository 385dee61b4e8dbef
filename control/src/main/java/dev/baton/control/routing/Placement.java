package dev.baton.control.routing;

import dev.baton.control.admission.Capacity;
import dev.baton.kv.BlockHash;
import dev.baton.kv.PrefixHasher;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Chooses workers among those that live, and remembers what it has sent to each: the load that no heartbeat shows yet,
 * and the prompts that are likely in its cache. Any thread.
 */
public final class Placement {
    private static final int AFFINITY_BLOCKS = 1 << 17;
    private static final int MOST_MACHINES = 4_096;
    private static final int MOST_CREDIT = 65_536;
    /** An engine moves once a second at least, a lane is polled several times: one that does not gets nothing new. */
    private static final Duration MOVES_WITHIN = Duration.ofSeconds(10);

    private final Router router;
    private final Function<String, List<WorkerState>> live;
    private final FaultLedger ledger;
    private final WorkerLoads loads = new WorkerLoads();

    /** Where requests run that may kill their worker: one at each. */
    private final Map<WorkerRef, String> suspects = new HashMap<>();

    /** Host of each worker by its id, also of those that are gone. */
    private final Map<String, String> machines = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
            return size() > MOST_MACHINES;
        }
    };

    private PrefixAffinity affinity = new PrefixAffinity(1, 0);
    private int affinityBlockTokens = 1;
    private int rotation;

    /** @param live the workers of a model that answer, at any moment */
    public Placement(Router router, Function<String, List<WorkerState>> live, FaultLedger ledger) {
        this.router = router;
        this.live = live;
        this.ledger = ledger;
    }

    /**
     * A route and the prompt tokens that it was charged with: give it back with {@link #release}.
     *
     * @param charge what its first worker was charged with
     * @param mostComputed tokens that its decode worker should compute at most, since it was chosen for KV that is thought
     *     to lie on its host or with another worker; 0 for any number
     * @param holder from which the first worker of the route may fetch blocks; null for none
     * @param expected blocks that its first worker does not hold yet and will once it has computed the prompt
     * @param promised blocks of its decode worker that are counted as taken until its first token is there
     */
    public record Assignment(
            Route route,
            long modelFingerprint,
            int uncachedTokens,
            Charge charge,
            int mostComputed,
            @Nullable WorkerState holder,
            List<BlockHash> expected,
            int promised) {
        private Assignment promising(int blocks) {
            return new Assignment(
                    route, modelFingerprint, uncachedTokens, charge, mostComputed, holder, expected, blocks);
        }
    }

    /**
     * What others see in front of them.
     *
     * @param tokens of the prompt
     * @param later work for later: in front of other such work only
     */
    public record Charge(int tokens, boolean later) {}

    /**
     * What a request wants of its workers.
     *
     * @param avoid workers that failed or declined it
     * @param left a worker that is gone, whose host may still hold KV of all tokens but the last; null for none
     * @param alone it may be what kills workers: no other such request at its worker, and while another worker is left none
     *     at all
     * @param later it is work for later
     * @param scored its prompt is scored: it takes one block of each step, and leaves the rest to others
     */
    public record Wishes(
            String requestId,
            Set<WorkerRef> avoid,
            @Nullable WorkerRef left,
            boolean alone,
            boolean later,
            boolean scored) {
        /** Of a request that is neither work for later nor scored. */
        Wishes(String requestId, Set<WorkerRef> avoid, @Nullable WorkerRef left, boolean alone) {
            this(requestId, avoid, left, alone, false, false);
        }
    }

    /** Workers that something is charged to. */
    public synchronized int charged() {
        return loads.workers().size();
    }

    /** Tokens that the smallest of the live workers of a model can hold; 0 when no decode worker is among them. */
    public int maxContext(String model) {
        List<WorkerState> workers = live.apply(model);
        boolean decodes = workers.stream().anyMatch(state -> state.getRole() == WorkerState.Role.DECODE);
        return decodes
                ? workers.stream().mapToInt(WorkerState::getMaxContext).min().orElse(0)
                : 0;
    }

    /** Whether a worker that takes new work makes answers for the model. */
    public boolean serves(String model) {
        return live.apply(model).stream()
                .anyMatch(state -> state.getRole() == WorkerState.Role.DECODE && takesWork(state));
    }

    /**
     * Requests of this gateway that the live workers of a model want before they have claimed one: none while nobody
     * {@linkplain #serves} it, any number where one of them names none.
     */
    public int credit(String model) {
        if (!serves(model)) {
            return 0;
        }
        List<WorkerState> workers =
                live.apply(model).stream().filter(Placement::takesWork).toList();
        boolean bounded = workers.stream().allMatch(state -> state.getCredit() > 0);
        return bounded
                ? workers.stream()
                        .mapToInt(state -> Math.clamp(Integer.toUnsignedLong(state.getCredit()), 1, MOST_CREDIT))
                        .sum()
                : Integer.MAX_VALUE;
    }

    /**
     * What the live workers of a model can do, and have to do as far as this gateway knows.
     *
     * @param tokens of a request's prompt and answer: sequences that long have room in a worker's free blocks
     * @param later for a request that is work for later; to others such work is nothing
     */
    public synchronized Capacity capacity(String model, int tokens, boolean later) {
        List<WorkerState> workers =
                live.apply(model).stream().filter(Placement::takesWork).toList();
        return MeasuredCapacity.of(
                views(workers, WorkerState.Role.PREFILL), views(workers, WorkerState.Role.DECODE), tokens, later);
    }

    /** For how many tokens of a prompt that is scored others wait: those that it takes of a step. */
    public synchronized int waitedFor(int scoredTokens) {
        return Math.min(scoredTokens, affinityBlockTokens);
    }

    /** Tokens of a prompt's full blocks. */
    public synchronized int inBlocks(List<BlockHash> chain) {
        return chain.size() * affinityBlockTokens;
    }

    /** Tokens of a prompt, from its start, that the worker which holds most of it is thought to hold. */
    public synchronized int cached(String model, List<BlockHash> chain) {
        return affinity
                .cached(
                        live.apply(model).stream()
                                .filter(Placement::takesWork)
                                .map(WorkerState::getWorker)
                                .toList(),
                        chain)
                .values()
                .stream()
                .mapToInt(tokens -> tokens)
                .max()
                .orElse(0);
    }

    private static boolean takesWork(WorkerState state) {
        return !state.getDraining() && moves(state);
    }

    /** Names of the prompt's full blocks; empty while no live worker of the model reports the size of its blocks. */
    public List<BlockHash> chain(String model, byte[] tenantSalt, int[] prompt) {
        return extended(List.of(), model, tenantSalt, at -> prompt[at], prompt.length);
    }

    /** A sequence's names so far, and those of its further full blocks up to {@code length} tokens. */
    public List<BlockHash> extended(
            List<BlockHash> chain, String model, byte[] tenantSalt, IntUnaryOperator token, int length) {
        return live.apply(model).stream()
                .filter(state -> state.getBlockTokens() > 0)
                .findFirst()
                .map(state -> {
                    useBlocksOf(state.getBlockTokens());
                    return new PrefixHasher(tenantSalt, state.getModelFingerprint(), state.getBlockTokens())
                            .extend(new ArrayList<>(chain), token, length);
                })
                .orElse(chain);
    }

    /**
     * Chooses a route and charges its workers with it; empty when no live decode worker serves the model.
     *
     * @param chain names of the prompt's full blocks
     * @param tokens prompt and accepted tokens
     * @param newTokens most tokens still to be generated
     */
    public synchronized Optional<Assignment> place(
            String model, List<BlockHash> chain, int tokens, int newTokens, Wishes wishes) {
        List<WorkerState> workers = known(model);
        Set<WorkerRef> avoid = new HashSet<>(wishes.avoid());
        avoid.addAll(ledger.avoided());
        if (wishes.alone()) {
            workers = workers.stream()
                    .filter(state ->
                            state.getRole() == WorkerState.Role.DECODE && !suspects.containsKey(state.getWorker()))
                    .toList();
            workers.stream().map(WorkerState::getWorker).filter(loads::busy).forEach(avoid::add);
        } else {
            avoid.addAll(suspects.keySet());
        }
        return choose(workers, new Need(model, chain, tokens, newTokens, avoid, wishes), false);
    }

    /**
     * Chooses a decode worker for a second attempt beside one whose worker is silent, and charges it; empty when none can go
     * on by computing one block of tokens at most, or none whose tokens are sure to be the same.
     *
     * @param tokens prompt and accepted tokens
     * @param newTokens most tokens still to be generated
     */
    public synchronized Optional<Assignment> placeBeside(
            String model, List<BlockHash> chain, int tokens, int newTokens, Wishes wishes) {
        Set<WorkerRef> avoid = new HashSet<>(wishes.avoid());
        avoid.addAll(ledger.avoided());
        avoid.addAll(suspects.keySet());
        List<WorkerState> able = known(model).stream()
                .filter(state -> state.getRole() == WorkerState.Role.DECODE
                        && state.getExact()
                        && !avoid.contains(state.getWorker()))
                .toList();
        return choose(able, new Need(model, chain, tokens, newTokens, avoid, wishes), true);
    }

    /**
     * Chooses workers that go on at once in the place of a decode worker that is about to end, and charges them; empty when
     * no other decode worker has blocks free for what is there.
     *
     * @param chain names of the full blocks of prompt and accepted tokens
     * @param wishes {@code left} is that worker
     */
    public synchronized Optional<Assignment> placeSuccessor(
            String model, List<BlockHash> chain, int tokens, int newTokens, Wishes wishes) {
        Set<WorkerRef> avoid = new HashSet<>(wishes.avoid());
        avoid.addAll(ledger.avoided());
        avoid.addAll(suspects.keySet());
        // The worker that leaves stays among them, as the one who holds the KV.
        List<WorkerState> able = known(model).stream()
                .filter(state -> state.getRole() != WorkerState.Role.DECODE
                        || state.getWorker().equals(wishes.left())
                        || (!avoid.contains(state.getWorker()) && hasRoom(state, tokens)))
                .map(state -> state.getWorker().equals(wishes.left()) ? leaving(state) : state)
                .toList();
        return choose(able, new Need(model, chain, tokens, newTokens, avoid, wishes), false)
                .map(chosen -> promise(chosen, able, tokens));
    }

    /** Several sequences leave at once, and what the first ones take is in no heartbeat yet. */
    private Assignment promise(Assignment chosen, List<WorkerState> workers, int tokens) {
        WorkerRef worker = chosen.route().decode().worker();
        int blocks = workers.stream()
                .filter(state -> state.getWorker().equals(worker))
                .mapToInt(state -> blocks(state, tokens))
                .findFirst()
                .orElse(0);
        loads.blocks(worker, blocks);
        return chosen.promising(blocks);
    }

    /** It gets nothing new, whatever it has said of itself when it was last heard. */
    private static WorkerState leaving(WorkerState state) {
        return state.toBuilder().setDraining(true).build();
    }

    /** For the tokens, and to begin one more block. */
    private boolean hasRoom(WorkerState state, int tokens) {
        return state.getFreeBlocks() - loads.of(state.getWorker()).blocks() > blocks(state, tokens);
    }

    private static int blocks(WorkerState state, int tokens) {
        return Math.ceilDiv(tokens, Math.max(1, state.getBlockTokens()));
    }

    /** What is to be placed. */
    private record Need(
            String model, List<BlockHash> chain, int tokens, int newTokens, Set<WorkerRef> avoid, Wishes wishes) {}

    private List<WorkerState> known(String model) {
        List<WorkerState> workers = live.apply(model);
        workers.forEach(state -> machines.put(state.getWorker().getId(), state.getMachine()));
        suspects.keySet().retainAll(loads.workers());
        return workers;
    }

    /** @param cheaply only where one block of tokens at most is computed */
    private Optional<Assignment> choose(List<WorkerState> workers, Need need, boolean cheaply) {
        WorkerRef left = need.wishes().left();
        Map<String, Integer> cached =
                affinity.cached(workers.stream().map(WorkerState::getWorker).toList(), need.chain());
        rotation++;
        List<Router.Worker> prefill = views(workers, WorkerState.Role.PREFILL);
        List<Router.Worker> decode = views(workers, WorkerState.Role.DECODE);
        Router.Worker holder = holder(Stream.concat(prefill.stream(), decode.stream()), cached);
        Router.Query bare =
                new Router.Query(need.model(), need.tokens(), need.newTokens(), cached, need.avoid(), ledger.broken());
        Router.Query plain = bare.fetchingFrom(holder, left != null);
        Router.Query query = left == null ? plain : withLeft(plain, decode, left);
        Optional<Route> chosen = router.choose(query, prefill, decode);
        if (cheaply) {
            chosen = chosen.filter(route -> uncached(query, route) <= affinityBlockTokens);
        }
        return chosen.map(route -> {
            boolean elseSplit = left != null
                    && route.computesAtDecode()
                    && router.choose(bare, prefill, decode)
                            .map(other -> !other.computesAtDecode())
                            .orElse(false);
            boolean asks = holder != null
                    && !holder.leg().equals(route.first())
                    && ((left != null && route.computesAtDecode())
                            || Stream.concat(prefill.stream(), decode.stream())
                                    .filter(worker -> worker.leg().equals(route.first()))
                                    .anyMatch(worker -> router.fetches(query, worker)));
            int most = cheaply ? affinityBlockTokens : elseSplit ? router.localTokens() : 0;
            Assignment assignment = charge(route, workers, query, need, most, asks);
            route.workers().forEach(worker -> ledger.given(worker, need.wishes().requestId()));
            if (need.wishes().alone()) {
                suspects.put(route.decode().worker(), need.wishes().requestId());
            }
            return assignment;
        });
    }

    private static int uncached(Router.Query query, Route route) {
        return Math.max(
                1,
                query.tokens()
                        - query.cached().getOrDefault(route.first().worker().getId(), 0));
    }

    /** The worker that holds most of the prompt, and serves it: often the one that made the last answer of a chat. */
    private static Router.@Nullable Worker holder(Stream<Router.Worker> workers, Map<String, Integer> cached) {
        return workers.filter(worker -> worker.state().getKvPort() > 0 && cached.containsKey(worker.id()))
                .max(Comparator.comparingInt(worker -> cached.getOrDefault(worker.id(), 0)))
                .orElse(null);
    }

    /** Decode workers on the host of a worker that is gone are thought to find all its KV there. */
    private Router.Query withLeft(Router.Query plain, List<Router.Worker> decode, WorkerRef left) {
        String machine = machines.getOrDefault(left.getId(), "");
        Map<String, Integer> cached = new HashMap<>(plain.cached());
        Set<String> restoring = new HashSet<>();
        for (Router.Worker worker : decode) {
            if (!machine.isEmpty() && machine.equals(worker.state().getMachine())) {
                cached.put(worker.id(), plain.tokens() - 1);
                restoring.add(worker.id());
            }
        }
        return new Router.Query(
                plain.model(),
                plain.tokens(),
                plain.newTokens(),
                cached,
                plain.avoid(),
                plain.broken(),
                restoring,
                plain.holder(),
                plain.begun());
    }

    /** The first token is there: the prompt waits no more, and its blocks are in the cache of its first worker. */
    public synchronized void answered(Assignment assignment) {
        WorkerRef first = assignment.route().first().worker();
        begun(assignment);
        ledger.succeeded(first);
    }

    /** The first token will never be there, and what was expected in the cache of its first worker may never be either. */
    public synchronized void unanswered(Assignment assignment) {
        begun(assignment);
        affinity.forget(assignment.route().first().worker(), assignment.expected());
    }

    /** It waits no more: what it takes now is in the workers' own figures. */
    private void begun(Assignment assignment) {
        loads.tokens(
                assignment.route().first().worker(),
                -assignment.charge().tokens(),
                assignment.charge().later());
        loads.blocks(assignment.route().decode().worker(), -assignment.promised());
    }

    /** The decode worker holds these blocks: it has made a token of what they are part of, or an answer ended there. */
    public synchronized void decoded(Assignment assignment, List<BlockHash> chain) {
        WorkerRef worker = assignment.route().decode().worker();
        affinity.note(worker, chain);
        ledger.succeeded(worker);
        Route.Leg prefill = assignment.route().prefill();
        if (prefill != null) {
            ledger.moved(prefill.worker(), worker);
        }
    }

    /** An attempt of a request ended by this fault: what it says of a worker or a pair holds for all requests. */
    public void book(Fault fault, String requestId) {
        ledger.book(fault, requestId);
    }

    /** The request, which had to be alone, is not what kills workers, or has left its worker. */
    public synchronized void cleared(String requestId) {
        suspects.values().remove(requestId);
    }

    /** The attempt is over. {@link #answered} or {@link #unanswered} is called separately. */
    public synchronized void release(Assignment assignment) {
        assignment
                .route()
                .workers()
                .forEach(
                        worker -> loads.requests(worker, -1, assignment.charge().later()));
    }

    private Assignment charge(
            Route route, List<WorkerState> workers, Router.Query query, Need need, int mostComputed, boolean asks) {
        String first = route.first().worker().getId();
        Router.Worker holder = asks ? query.holder() : null;
        int there = query.cached().getOrDefault(holder == null ? first : holder.id(), 0);
        int uncached =
                Math.max(1, query.tokens() - Math.max(there, query.cached().getOrDefault(first, 0)));
        Charge charge = new Charge(
                need.wishes().scored() ? waitedFor(uncached) : uncached,
                need.wishes().later());
        loads.tokens(route.first().worker(), charge.tokens(), charge.later());
        route.workers().forEach(worker -> loads.requests(worker, 1, charge.later()));
        List<BlockHash> expected = affinity.note(route.first().worker(), need.chain());
        long fingerprint = workers.stream()
                .filter(state -> state.getWorker().equals(route.decode().worker()))
                .mapToLong(WorkerState::getModelFingerprint)
                .findFirst()
                .orElse(0);
        return new Assignment(
                route,
                fingerprint,
                uncached,
                charge,
                mostComputed,
                holder == null ? null : holder.state(),
                expected,
                0);
    }

    /** Rotated by one each time, so that equal workers take turns, whatever their number. */
    private List<Router.Worker> views(List<WorkerState> workers, WorkerState.Role role) {
        List<Router.Worker> views = new ArrayList<>();
        for (WorkerState state : workers) {
            if (state.getRole() == role && moves(state)) {
                WorkerLoads.Load load = loads.of(state.getWorker());
                views.add(new Router.Worker(
                        state, true, load.tokens(), load.requests(), load.tokensForLater(), load.forLater()));
            }
        }
        Collections.rotate(views, rotation);
        return views;
    }

    /** Its engine and its lane are at work, as it says itself: a stream that answers does not show it. */
    private static boolean moves(WorkerState state) {
        return Math.max(state.getEngineStillMs(), state.getLaneStillMs()) < MOVES_WITHIN.toMillis();
    }

    private synchronized void useBlocksOf(int blockTokens) {
        if (affinityBlockTokens != blockTokens) {
            affinityBlockTokens = blockTokens;
            affinity = new PrefixAffinity(blockTokens, AFFINITY_BLOCKS);
        }
    }
}
