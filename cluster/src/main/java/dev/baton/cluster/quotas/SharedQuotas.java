package dev.baton.cluster.quotas;

import dev.baton.cluster.quotas.QuotaBook.Attendance;
import dev.baton.cluster.quotas.QuotaBook.Reservation;
import dev.baton.cluster.quotas.QuotaBook.TimedChange;
import dev.baton.cluster.redis.PeriodicTask;
import dev.baton.control.quota.Refusal;
import dev.baton.control.quota.Taken;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One gateway's way to the quotas of all. While the book answers, it decides. From the first call that fails until the next
 * round that reaches it, {@link LocalBooks} decide by this gateway's share, or nothing is let in. Any thread.
 */
public final class SharedQuotas implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedQuotas.class);
    private static final Duration LONGEST_ROUND = Duration.ofSeconds(1);
    private static final Duration CAUTIOUS = Duration.ofMinutes(1);
    private static final int MOST_UNSETTLED = 10_000;

    private final QuotaBook book;
    private final Terms terms;
    private final LongSupplier nanos;
    private final PeriodicTask rounds;

    /** Guarded by {@code this}, like all below. */
    private final LocalBooks local = new LocalBooks();

    private final Map<String, Held> held = new HashMap<>();
    private final List<Settlement> unsettled = new ArrayList<>();
    private Map<String, TimedChange> changes = Map.of();
    private boolean away;
    private @Nullable String memory;
    private boolean used;
    private long backSince;

    /** When the book last knew all that runs here. */
    private long renewedAt;

    /** Whether something runs here that the book may not know. */
    private boolean unknown;

    /**
     * How quotas are kept.
     *
     * @param gateway this one's id, in this life
     * @param lease a request of a gateway that died counts as running for so long
     */
    public record Terms(String gateway, Duration lease, WithoutRedis withoutRedis) {}

    /**
     * A request that was let in and has not ended.
     *
     * @param local by this gateway's own books
     */
    private record Held(List<ScopedLimits> scopes, long tokens, boolean local) {
        List<QuotaScope> names() {
            return scopes.stream().map(ScopedLimits::scope).toList();
        }
    }

    private record Settlement(String request, List<QuotaScope> scopes, boolean served, long tokens) {}

    public SharedQuotas(QuotaBook book, Terms terms) {
        this(book, terms, System::nanoTime);
    }

    /** @param nanos a clock that never goes back */
    SharedQuotas(QuotaBook book, Terms terms, LongSupplier nanos) {
        this.book = book;
        this.terms = terms;
        this.nanos = nanos;
        this.backSince = nanos.getAsLong() - CAUTIOUS.toNanos();
        this.renewedAt = nanos.getAsLong();
        Duration quarter = terms.lease().dividedBy(4);
        this.rounds = new PeriodicTask(
                        "quotas", quarter.compareTo(LONGEST_ROUND) < 0 ? quarter : LONGEST_ROUND, this::round)
                .start();
    }

    /** A request's place; {@link #settle} must follow, whatever the outcome. */
    public final class Place {
        private final String request;
        private final CompletableFuture<QuotaOutcome> outcome;
        private final AtomicBoolean settled = new AtomicBoolean();

        private Place(String request, CompletableFuture<QuotaOutcome> outcome) {
            this.request = request;
            this.outcome = outcome;
        }

        /** Always completes, and never with a failure. Each call gives another one, so that none ends this place's. */
        public CompletableFuture<QuotaOutcome> outcome() {
            return outcome.copy();
        }

        /**
         * The request has ended. Only the first call counts; one before the outcome waits for it.
         *
         * @param served false: no worker took it, so that it does not count
         * @param tokens of its prompt and its answer
         */
        public void settle(boolean served, long tokens) {
            if (settled.compareAndSet(false, true)) {
                outcome.thenAccept(known -> end(request, served, served ? tokens : 0));
            }
        }
    }

    /**
     * Takes a request's place, or says why not.
     *
     * @param request unique among all gateways'
     * @param tokens of its prompt, and the most of its answer
     * @param scopes those that have limits, one at least, all of one tenant
     */
    public Place reserve(String request, long tokens, List<ScopedLimits> scopes) {
        CompletableFuture<QuotaOutcome> outcome = new CompletableFuture<>();
        Reservation asked = ask(request, tokens, scopes);
        if (asked == null) {
            outcome.complete(reserveLocally(request, tokens, scopes));
            return new Place(request, outcome);
        }
        book.reserve(asked).whenComplete((answer, failure) -> {
            if (failure == null) {
                outcome.complete(answered(asked, answer));
            } else {
                outcome.complete(unanswered(asked, failure));
            }
        });
        return new Place(request, outcome);
    }

    /** Null while the book is away. */
    private synchronized @Nullable Reservation ask(String request, long tokens, List<ScopedLimits> scopes) {
        used = true;
        if (away) {
            return null;
        }
        long back = Math.min(nanos.getAsLong() - backSince, CAUTIOUS.toNanos());
        List<Taken> spent =
                scopes.stream().map(each -> local.takeSpent(each.scope())).toList();
        return new Reservation(request, tokens, scopes, spent, terms.lease(), Duration.ofNanos(back));
    }

    private synchronized QuotaOutcome answered(Reservation asked, QuotaBook.Answer answer) {
        List<Standing> standings = new ArrayList<>();
        for (int i = 0; i < asked.scopes().size(); i++) {
            ScopedLimits each = asked.scopes().get(i);
            standings.add(
                    new Standing(each.scope(), each.limits(), answer.taken().get(i)));
            local.heard(each.scope(), answer.taken().get(i), nanos.getAsLong());
        }
        Refusal refusal = answer.refusal();
        if (refusal != null) {
            return new QuotaOutcome.Refused(refusal, standings.get(answer.by()), standings);
        }
        held.put(asked.request(), new Held(asked.scopes(), asked.tokens(), false));
        local.joined(asked.scopes());
        return new QuotaOutcome.Admitted(standings);
    }

    /** The book may have let it in all the same: then that is given back later, or is this request's own place. */
    private QuotaOutcome unanswered(Reservation asked, Throwable failure) {
        lost(failure);
        synchronized (this) {
            for (int i = 0; i < asked.scopes().size(); i++) {
                local.putBackSpent(asked.scopes().get(i).scope(), asked.spent().get(i));
            }
        }
        QuotaOutcome outcome = reserveLocally(asked.request(), asked.tokens(), asked.scopes());
        if (!(outcome instanceof QuotaOutcome.Admitted)) {
            List<QuotaScope> scopes =
                    asked.scopes().stream().map(ScopedLimits::scope).toList();
            later(new Settlement(asked.request(), scopes, false, 0));
        }
        return outcome;
    }

    private synchronized QuotaOutcome reserveLocally(String request, long tokens, List<ScopedLimits> scopes) {
        if (terms.withoutRedis() == WithoutRedis.REFUSE) {
            return new QuotaOutcome.Unavailable();
        }
        long now = nanos.getAsLong();
        QuotaOutcome outcome = local.reserve(scopes, tokens, this::running, now);
        if (outcome instanceof QuotaOutcome.Admitted) {
            held.put(request, new Held(scopes, tokens, true));
            unknown = true;
        }
        return outcome;
    }

    private long running(QuotaScope scope) {
        return held.values().stream()
                .filter(each -> each.names().contains(scope))
                .count();
    }

    private void end(String request, boolean served, long tokens) {
        Held ended;
        boolean reached;
        synchronized (this) {
            ended = held.remove(request);
            if (ended == null) {
                return;
            }
            local.ended(ended.scopes(), ended.local() ? ended.tokens() : -1, served, tokens);
            reached = !away;
        }
        // Also where it was let in without the book, which may have heard of it before the answer was lost, or since.
        Settlement settlement = new Settlement(request, ended.names(), served, tokens);
        if (reached) {
            send(settlement);
        } else {
            later(settlement);
        }
    }

    private CompletionStage<Void> send(Settlement settlement) {
        return book.settle(settlement.request(), settlement.scopes(), settlement.served(), settlement.tokens())
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        lost(failure);
                        later(settlement);
                    }
                });
    }

    /** Beyond the bound its tokens stay as they were reserved, and its place ends with the lease. */
    private synchronized void later(Settlement settlement) {
        if (unsettled.size() < MOST_UNSETTLED) {
            unsettled.add(settlement);
        }
    }

    /** What operators have changed for now, by tenant; as last read. */
    public synchronized Map<String, TimedChange> changes() {
        return changes;
    }

    /** Whether the book answered when it was last asked. */
    public synchronized boolean shared() {
        return !away;
    }

    /** Gateways that lived when the book was last reached; 0 before that. */
    public synchronized int gateways() {
        return local.gateways();
    }

    /** What is taken: by all gateways, or by this one of its share while the book is away. */
    public CompletionStage<Standing> standing(ScopedLimits of) {
        if (!shared()) {
            return CompletableFuture.completedStage(locally(of));
        }
        return book.read(of.scope(), of.limits()).handle((taken, failure) -> {
            if (failure != null) {
                lost(failure);
                return locally(of);
            }
            return new Standing(of.scope(), of.limits(), taken);
        });
    }

    private synchronized Standing locally(ScopedLimits of) {
        return local.standing(of, this::running, nanos.getAsLong());
    }

    /** The changes are in force here when it completes, and at the other gateways a round later. */
    public CompletionStage<Boolean> override(String tenant, TimedChange change) {
        return book.override(tenant, change.change(), change.left())
                .thenCompose(done -> attend().thenApply(heard -> done));
    }

    /** Back to the limits that are configured, with nothing taken. */
    public CompletionStage<Void> reset(String tenant, List<QuotaScope> scopes) {
        return book.restore(tenant)
                .thenCompose(done -> book.forget(scopes))
                .thenRun(() -> forgetSpent(scopes))
                .thenCompose(done -> attend());
    }

    private synchronized void forgetSpent(List<QuotaScope> scopes) {
        scopes.forEach(local::takeSpent);
    }

    private void round() {
        try {
            attend().toCompletableFuture().join();
            renew();
            settleLate();
        } catch (CompletionException e) {
            lost(e);
        }
    }

    private CompletionStage<Void> attend() {
        return book.attend(terms.gateway(), terms.lease().multipliedBy(2)).thenAccept(this::reached);
    }

    private synchronized void reached(Attendance attendance) {
        changes = attendance.overrides();
        local.gateways(attendance.gateways());
        // A book that was only slow has forgotten nothing. One that was away before it was ever met may have.
        boolean forgotten = memory == null ? away : !memory.equals(attendance.memory());
        if (forgotten) {
            backSince = nanos.getAsLong() - attendance.age().toNanos();
        }
        if (away || forgotten) {
            unknown = true;
            local.close();
        }
        if (away && used) {
            LOG.info("Redis keeps the quotas again, among {} gateways", attendance.gateways());
        }
        away = false;
        memory = attendance.memory();
    }

    private synchronized void lost(Throwable failure) {
        boolean news = !away && used;
        away = true;
        if (news) {
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            LOG.warn(
                    "Redis does not keep the quotas (spring.data.redis.*), so tenants with limits get {}"
                            + " (baton.quotas.without-redis): {}",
                    terms.withoutRedis() == WithoutRedis.SHARE ? "this gateway's share" : "nothing",
                    String.valueOf(cause));
        }
    }

    private void renew() {
        Map<QuotaScope, List<String>> running = new HashMap<>();
        long now = nanos.getAsLong();
        boolean anew;
        synchronized (this) {
            anew = unknown || now - renewedAt > terms.lease().toNanos();
            unknown = false;
            held.forEach((request, each) -> each.names()
                    .forEach(scope -> running.computeIfAbsent(scope, s -> new ArrayList<>())
                            .add(request)));
        }
        List<CompletableFuture<Void>> all = new ArrayList<>();
        running.forEach((scope, requests) ->
                all.add(book.renew(scope, requests, terms.lease(), anew).toCompletableFuture()));
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();
        synchronized (this) {
            renewedAt = now;
        }
    }

    private void settleLate() {
        List<Settlement> now;
        synchronized (this) {
            now = List.copyOf(unsettled);
            unsettled.clear();
        }
        CompletableFuture.allOf(now.stream()
                        .map(each -> send(each).toCompletableFuture())
                        .toArray(CompletableFuture[]::new))
                .join();
    }

    /** Requests that have not ended. */
    public synchronized int held() {
        return held.size();
    }

    @Override
    public void close() {
        rounds.close();
    }
}
