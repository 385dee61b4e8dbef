package dev.baton.gateway.dispatch;

import dev.baton.control.GenerationRequest;
import dev.baton.control.admission.Admission;
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
        private int tokens;
        private TtftPredictor.@Nullable Raw predicted;
        private Instant since = Instant.MAX;
        private @Nullable String body;

        /**
         * @param begin called once it is the request's turn, on any thread
         * @param displaced called in its stead when another takes the place; it has been given back then
         */
        Place(GenerationRequest request, Runnable begin, Consumer<Rejection> displaced) {
            this.request = request;
            this.weight = weights.of(request.tenant());
            this.begin = begin;
            this.displaced = displaced;
        }

        /**
         * Asks to be let in; unless it is refused {@link #end} must follow, or {@link #displaced}.
         *
         * @param chain names of the prompt's full blocks
         * @param goesOn with an answer that was begun, which nobody sends away for coming late
         */
        Optional<Rejection> enter(List<BlockHash> chain, boolean goesOn) {
            Instant now = clock.instant();
            since = now;
            // Before anything is said of load: these are not helped by coming again, or not here.
            int maxContext = placement.maxContext(model());
            Optional<Admission.Refused> never = admission.never(wants(), maxContext, now);
            if (never.isPresent()) {
                return never.map(Rejection::of);
            }
            int prompt = request.prompt().length;
            int uncached = request.scored() ? prompt : Math.max(1, prompt - placement.cached(model(), chain));
            tokens = request.scored() ? placement.waitedFor(uncached) : uncached;
            predicted = goesOn ? null : predict(uncached);
            Duration patience = patience(now);
            Overload.Asked asked = new Overload.Asked(tenant(), weight, this::body, patience);
            Overload.Answer answer = overload.ask(asked, predicted, now);
            return switch (answer) {
                case Overload.Later later -> {
                    metrics.sentAway(later.retryAfter());
                    yield Optional.of(Rejection.of(later, patience));
                }
                case Overload.LetIn(Overload.Place kept) -> enter(asked, kept, maxContext, now);
            };
        }

        private Optional<Rejection> enter(
                Overload.Asked asked, Overload.@Nullable Place kept, int maxContext, Instant now) {
            int others = kept == null ? overload.openFor(tenant(), now) : 0;
            Admission.Decision decision = admission.enter(wants(), maxContext, others, now);
            if (decision instanceof Admission.Overloaded full && admission.full()) {
                Optional<Place> other = turns.displacedBy(this);
                if (other.isPresent()) {
                    other.get().displaced.accept(other.get().sentAway(full, null, now));
                    decision = admission.swap() ? new Admission.Admitted() : new Admission.Closed();
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

        private Admission.Request wants() {
            return new Admission.Request(request.prompt().length, request.maxTokens(), request.deadline());
        }

        private Rejection sentAway(Admission.Overloaded full, Overload.@Nullable Place kept, Instant now) {
            return sentAway(new Overload.Asked(tenant(), weight, this::body, patience(now)), full, kept, now);
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
                body = RequestBody.hash(request);
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
    }
}
