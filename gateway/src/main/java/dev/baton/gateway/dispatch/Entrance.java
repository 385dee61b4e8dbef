package dev.baton.gateway.dispatch;

import dev.baton.control.GenerationRequest;
import dev.baton.control.admission.Admission;
import dev.baton.control.admission.Capacity;
import dev.baton.control.admission.Overload;
import dev.baton.control.admission.TtftPredictor;
import dev.baton.control.fairness.Turns;
import dev.baton.control.routing.Placement;
import dev.baton.gateway.auth.TenantWeights;
import dev.baton.kv.BlockHash;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The way of requests into this gateway: sent away where the first token would come too late, counted and bounded, then in
 * turn between tenants. Where all places are taken, the tenant with the most waiting gives one up to another with less. While
 * no worker takes work, all wait here. Any thread.
 */
final class Entrance {
    /** How often the workers' credit is looked at while requests wait: beside claims, which tell at once. */
    private static final Duration LOOK = Duration.ofMillis(100);

    /** The way through Kafka, the transfer and a step are in it, on a busy machine too. */
    private static final Duration LEAST_HELD = Duration.ofSeconds(1);

    /** Tokens of prompt a second, where no worker has measured its own. */
    private static final double UNMEASURED_RATE = 1_000;

    private static final Executor LATER =
            CompletableFuture.delayedExecutor(LOOK.toNanos(), TimeUnit.NANOSECONDS, Runnable::run);

    private final Admission admission;
    private final Overload overload;
    private final TtftPredictor predictor;
    private final Placement placement;
    private final TenantWeights weights;
    private final Waits waits;
    private final Clock clock;
    private final OverloadMetrics metrics;
    private final Turns<Place> turns;
    private final Executor later;
    private final AtomicBoolean looking = new AtomicBoolean();

    /** Since when no worker takes work for a model that somebody waits for. */
    private final Map<String, Instant> unserved = new ConcurrentHashMap<>();

    /**
     * How long requests wait at most.
     *
     * @param patience for the first token, where it is known before that it takes longer
     * @param withoutWorkers while no worker takes work
     */
    record Waits(Duration patience, Duration withoutWorkers) {}

    Entrance(
            Admission admission,
            Overload overload,
            TtftPredictor predictor,
            Placement placement,
            TenantWeights weights,
            Waits waits,
            Clock clock,
            OverloadMetrics metrics) {
        this(admission, overload, predictor, placement, weights, waits, clock, metrics, LATER);
    }

    /** @param later runs a task after {@link #LOOK} */
    Entrance(
            Admission admission,
            Overload overload,
            TtftPredictor predictor,
            Placement placement,
            TenantWeights weights,
            Waits waits,
            Clock clock,
            OverloadMetrics metrics,
            Executor later) {
        this.later = later;
        this.admission = admission;
        this.overload = overload;
        this.predictor = predictor;
        this.placement = placement;
        this.weights = weights;
        this.waits = waits;
        this.clock = clock;
        this.metrics = metrics;
        this.turns = new Turns<>(placement::credit);
    }

    /** Requests that wait for their turn. */
    int waiting() {
        return turns.waiting();
    }

    private void begin(List<Place> places) {
        places.forEach(place -> place.begin.run());
    }

    /** While some wait, and no more than one look ahead. */
    private void lookLater() {
        if (turns.waiting() > 0 && looking.compareAndSet(false, true)) {
            later.execute(() -> {
                looking.set(false);
                try {
                    unserved.keySet().forEach(this::lookForWorkers);
                    turns.models().forEach(this::lookForWorkers);
                    begin(turns.look());
                } finally {
                    lookLater();
                }
            });
        }
    }

    private void lookForWorkers(String model) {
        if (placement.serves(model)) {
            unserved.remove(model);
        } else {
            unserved.putIfAbsent(model, clock.instant());
        }
    }

    /** One request's, from when it asks to be let in until it has ended. */
    final class Place implements Turns.Turn {
        private final GenerationRequest request;
        private final int weight;
        private final Runnable begin;
        private final Consumer<Rejection> displaced;
        private final Choices.Choice choice;
        private int tokens;
        private boolean worthIt;
        private volatile boolean held;
        private TtftPredictor.@Nullable Raw predicted;
        private Instant since = Instant.MAX;
        private @Nullable String body;

        /**
         * @param begin called once it is the request's turn, on any thread
         * @param displaced called in its stead when another takes the place; it has been given back then
         */
        Place(GenerationRequest request, Choices.Choice choice, Runnable begin, Consumer<Rejection> displaced) {
            this.request = request;
            this.choice = choice;
            this.weight = weights.of(request.tenant());
            this.begin = begin;
            this.displaced = displaced;
        }

        /**
         * Asks to be let in, with all the choices that follow; those are told the same. Unless it is refused {@link #end} must
         * follow, or {@link #displaced}.
         *
         * @param chain names of the prompt's full blocks
         * @param goesOn with an answer that was begun, which nobody sends away for coming late
         */
        Optional<Rejection> enter(List<BlockHash> chain, boolean goesOn) {
            Instant now = clock.instant();
            since = now;
            // Before anything is said of load: these are not helped by coming again, or not here.
            int maxContext = placement.maxContext(model());
            Optional<Admission.Refused> never = admission.never(wants(0), maxContext, now);
            if (never.isPresent()) {
                Rejection rejection = Rejection.of(never.get());
                if (choice.speaks()) {
                    choice.all().reject(rejection);
                }
                return Optional.of(rejection);
            }
            int prompt = request.prompt().length;
            int cached = placement.cached(model(), chain);
            int whole = placement.inBlocks(chain);
            worthIt = cached < whole && !request.scored();
            int known = choice.follows() && worthIt ? whole : cached;
            int uncached = request.scored() ? prompt : Math.max(1, prompt - known);
            tokens = request.scored() ? placement.waitedFor(uncached) : uncached;
            if (!choice.speaks()) {
                Rejection rejection = choice.all().rejection();
                return rejection == null ? enterBeside(maxContext, now) : Optional.of(rejection);
            }
            predicted = goesOn ? null : predict(uncached);
            Optional<Rejection> refused = enterFirst(maxContext, now);
            refused.ifPresent(choice.all()::reject);
            return refused;
        }

        private Optional<Rejection> enterFirst(int maxContext, Instant now) {
            Duration patience = patience(now);
            Overload.Asked asked = asked(patience);
            Overload.Answer answer = overload.ask(asked, predicted, now);
            return switch (answer) {
                case Overload.Later later -> {
                    metrics.sentAway(later.retryAfter());
                    yield Optional.of(Rejection.of(later, patience));
                }
                case Overload.LetIn(Overload.Place kept) -> enter(asked, kept, maxContext, now);
            };
        }

        private Overload.Asked asked(Duration patience) {
            return new Overload.Asked(
                    tenant(), weight, this::body, patience, choice.all().count());
        }

        /** There was room for it when the first choice was let in. */
        private Optional<Rejection> enterBeside(int maxContext, Instant now) {
            return admission.enter(wants(0), maxContext, 0, now) instanceof Admission.Refused refused
                    ? Optional.of(Rejection.of(refused))
                    : Optional.empty();
        }

        private Admission.Request wants(int places) {
            return new Admission.Request(request.prompt().length, request.maxTokens(), request.deadline(), places);
        }

        private Optional<Rejection> enter(
                Overload.Asked asked, Overload.@Nullable Place kept, int maxContext, Instant now) {
            int places = choice.all().count();
            int others = kept == null ? overload.openFor(tenant(), now) : 0;
            Admission.Decision decision = admission.enter(wants(places), maxContext, others, now);
            int missing = admission.missing(places);
            if (decision instanceof Admission.Overloaded full && missing > 0) {
                List<Place> displaced = turns.displacedBy(this, missing, places);
                if (!displaced.isEmpty()) {
                    displaced.forEach(other -> other.displaced.accept(other.sentAway(full, null, now)));
                    decision = admission.swap(displaced.size()) ? new Admission.Admitted() : new Admission.Closed();
                }
            }
            return switch (decision) {
                case Admission.Overloaded full -> Optional.of(sentAway(asked, full, kept, now));
                case Admission.Refused refused -> Optional.of(Rejection.of(refused));
                case Admission.Admitted() -> {
                    if (kept != null) {
                        overload.taken(kept);
                        metrics.cameAgain(Duration.between(kept.told(), now));
                    }
                    if (predicted != null) {
                        metrics.letIn(predictor.likely(predicted).seconds());
                    }
                    yield Optional.empty();
                }
            };
        }

        private Rejection sentAway(Admission.Overloaded full, Overload.@Nullable Place kept, Instant now) {
            return sentAway(asked(patience(now)), full, kept, now);
        }

        private Rejection sentAway(
                Overload.Asked asked, Admission.Overloaded full, Overload.@Nullable Place kept, Instant now) {
            Duration retryAfter =
                    overload.full(asked, kept, full.retryAfter(), now).retryAfter();
            metrics.sentAway(retryAfter);
            return Rejection.of(new Admission.Overloaded(retryAfter));
        }

        private Duration patience(Instant now) {
            Duration own = Duration.between(now, request.firstTokenBy());
            return own.compareTo(waits.patience()) < 0 ? own : waits.patience();
        }

        private TtftPredictor.@Nullable Raw predict(int uncached) {
            int answer = Math.min(request.maxTokens(), predictor.answerTokens());
            return predictor
                    .raw(
                            placement.capacity(model(), request.prompt().length + answer, later()),
                            turns.ahead(this, overload.byTenant()),
                            uncached)
                    .orElse(null);
        }

        private String body() {
            if (body == null) {
                body = RequestBody.hash(request) + "/" + choice.all().count();
            }
            return body;
        }

        /**
         * The first token came, by the first attempt. Of work for later nothing is learned, since it stands back for what the
         * prediction cannot know, nor of a prompt that is scored, which takes a block of each step.
         */
        void firstToken() {
            if (predicted != null && !later() && !request.scored()) {
                double seconds = Duration.between(since, clock.instant()).toNanos() / 1e9;
                predictor.measured(predicted, seconds).ifPresent(metrics::firstToken);
            }
        }

        /** Its answer has ended, with so many tokens, at least 1. */
        void answered(int answer) {
            predictor.answered(answer);
        }

        /** When it has waited long enough for a worker that takes work; empty while there is one. */
        Optional<Instant> unservedUntil(Instant waitsSince) {
            return Optional.ofNullable(unserved.get(model()))
                    .map(from -> from.isAfter(waitsSince) ? from : waitsSince)
                    .map(from -> from.plus(waits.withoutWorkers()));
        }

        /** How long it waits where no worker takes work. */
        Duration withoutWorkers() {
            return waits.withoutWorkers();
        }

        /** From here on it waits for more than its turn where another choice has its prompt computed: until {@link #release}. */
        void hold(SharedPrompt.Member member) {
            held = choice.prompt().holds(member, worthIt);
        }

        void release() {
            held = false;
            Entrance.this.begin(turns.look());
        }

        /** How long others are held for its prompt, once a worker has claimed it: twice as long as it should take. */
        Duration computedWithin() {
            Capacity capacity = placement.capacity(model(), request.prompt().length, later());
            double rate = capacity.prefillTokensPerSecond() > 0
                    ? capacity.prefillTokensPerSecond() / capacity.prefillers()
                    : UNMEASURED_RATE;
            Duration twice = Duration.ofMillis((long) (2_000 * tokens / rate));
            return twice.compareTo(LEAST_HELD) < 0 ? LEAST_HELD : twice;
        }

        /** Waits for its turn, which may come before this returns. */
        void queue() {
            lookForWorkers(model());
            Entrance.this.begin(turns.add(this));
            lookLater();
        }

        /** It does not wait any more; false when it does not wait. */
        boolean withdraw() {
            return turns.withdraw(this);
        }

        /** A worker has claimed it. */
        void claimed() {
            Entrance.this.begin(turns.left(this));
        }

        /** Once, wherever it was. */
        void end() {
            admission.left(clock.instant());
            turns.withdraw(this);
            Entrance.this.begin(turns.left(this));
        }

        @Override
        public String model() {
            return request.model();
        }

        @Override
        public String tenant() {
            return request.tenant();
        }

        @Override
        public int weight() {
            return weight;
        }

        @Override
        public int priority() {
            return request.priority();
        }

        @Override
        public int tokens() {
            return tokens;
        }

        @Override
        public boolean held() {
            return held;
        }

        /** The choice before it may have begun. */
        @Override
        public boolean stays() {
            return choice.follows();
        }
    }
}
