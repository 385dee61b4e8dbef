package dev.baton.gateway.dispatch;

import dev.baton.control.GenerationRequest;
import dev.baton.control.admission.Admission;
import dev.baton.control.fairness.Turns;
import dev.baton.control.routing.Placement;
import dev.baton.gateway.auth.TenantWeights;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The way of requests into this gateway: counted and bounded, then in turn between tenants. Where all places are taken, the
 * tenant with the most waiting gives one up to another with less. Any thread.
 */
final class Entrance {
    /** How often the workers' credit is looked at while requests wait: beside claims, which tell at once. */
    private static final Duration LOOK = Duration.ofMillis(100);

    private static final Executor LATER =
            CompletableFuture.delayedExecutor(LOOK.toNanos(), TimeUnit.NANOSECONDS, Runnable::run);

    private final Admission admission;
    private final Placement placement;
    private final TenantWeights weights;
    private final Clock clock;
    private final Turns<Place> turns;
    private final AtomicBoolean looking = new AtomicBoolean();

    Entrance(Admission admission, Placement placement, TenantWeights weights, Clock clock) {
        this.admission = admission;
        this.placement = placement;
        this.weights = weights;
        this.clock = clock;
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
            LATER.execute(() -> {
                looking.set(false);
                try {
                    begin(turns.look());
                } finally {
                    lookLater();
                }
            });
        }
    }

    /** One request's, from when it asks to be let in until it has ended. */
    final class Place implements Turns.Turn {
        private final GenerationRequest request;
        private final int weight;
        private final Runnable begin;
        private final Consumer<Rejection> displaced;

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

        /** Asks to be let in; unless it is refused {@link #end} must follow, or {@link #displaced}. */
        Optional<Rejection> enter() {
            Admission.Decision decision = ask();
            if (decision instanceof Admission.Overloaded full) {
                Optional<Place> other = turns.displacedBy(this);
                if (other.isPresent()) {
                    admission.left(clock.instant());
                    other.get().displaced.accept(Rejection.of(full));
                    decision = ask();
                }
            }
            return decision instanceof Admission.Refused refused
                    ? Optional.of(Rejection.of(refused))
                    : Optional.empty();
        }

        private Admission.Decision ask() {
            Admission.Request asked =
                    new Admission.Request(request.prompt().length, request.maxTokens(), request.deadline());
            return admission.enter(asked, placement.maxContext(request.model()), clock.instant());
        }

        /** Waits for its turn, which may come before this returns. */
        void queue() {
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
    }
}
