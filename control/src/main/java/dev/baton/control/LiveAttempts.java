package dev.baton.control;

import dev.baton.control.routing.Fault;
import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The live attempts at one request: the current one, and while its worker is silent perhaps a second one beside it. Both
 * are heard then, and the one that brings the next token is the only one from then on. No second one begins while nobody
 * can take over cheaply; it is asked for again then, as long as the silence lasts.
 */
final class LiveAttempts {
    private static final Duration ASK_AGAIN = Duration.ofMillis(50);

    private final Attempts attempts;
    private final TokenIntake intake;
    private final PhaseLimits limits;
    private Execution run;
    private @Nullable Execution second;
    private @Nullable WorkerRef silent;
    private @Nullable WorkerRef left;
    private Instant askAt = Instant.MAX;

    LiveAttempts(Attempts attempts, TokenIntake intake, PhaseLimits limits, Instant now) {
        this.attempts = attempts;
        this.intake = intake;
        this.limits = limits;
        this.run = new Execution(attempts.numbered(attempts.number()), false, now);
    }

    /** The current one. */
    Execution run() {
        return run;
    }

    @Nullable
    Execution second() {
        return second;
    }

    /** The live attempt of that number; null when it is live no more. */
    @Nullable
    Execution numbered(int number) {
        if (second != null && second.number() == number) {
            return second;
        }
        return run.number() == number ? run : null;
    }

    /** The live one of that name; null for none. */
    @Nullable
    Execution of(Attempt attempt) {
        Execution live = numbered(attempt.getNumber());
        return live != null && live.attempt().equals(attempt) ? live : null;
    }

    boolean awaitsRoute(int number) {
        return number == run.number() && run.route() == null;
    }

    /** The decode worker that has made the last tokens, of which KV may still be found; null for none. */
    @Nullable
    WorkerRef left() {
        Route route = run.route();
        return run.phase() == Phase.DECODING && route != null ? route.decode().worker() : left;
    }

    /** Nothing was found on the host of the worker that made the last tokens. */
    void nothingLeft() {
        left = null;
    }

    /**
     * The current attempt is over: the second one takes its place, or a new one. Both are computed from the tokens accepted
     * so far.
     *
     * @return whether the new one has yet to be routed
     */
    boolean next(Instant now, List<Effect> effects) {
        left = left();
        boolean takesOver = second != null;
        if (second != null) {
            promote(second, effects);
        } else {
            run.cancel(effects);
            run = new Execution(attempts.next(), attempts.suspicious(), now);
            intake.newAttempt();
            heard();
        }
        return !takesOver;
    }

    /** The second one brings the next token, or is the only one left. */
    void promote(Execution winner, List<Effect> effects) {
        run.cancel(effects);
        run = winner;
        second = null;
        heard();
        intake.newAttempt();
        effects.add(new Effect.EndHedge(run.attempt(), true));
    }

    /** The current one is the only one. Nothing is asked for again in this silence. */
    void dropSecond(List<Effect> effects) {
        heard();
        if (second != null) {
            second.cancel(effects);
            second = null;
            effects.add(new Effect.EndHedge(run.attempt(), false));
        }
    }

    /**
     * A worker is about to end. Somebody is looked for who goes on with what it decodes: nothing is given up before.
     * A request that may kill workers stays where it is.
     */
    void leaves(WorkerRef worker, List<Effect> effects) {
        if (handsOver() && run.needs(worker)) {
            effects.add(new Effect.ChooseSuccessor(run.attempt(), intake.tokens(), attempts.avoided(), worker));
        }
    }

    private boolean handsOver() {
        return second == null && run.phase() == Phase.DECODING && !attempts.suspicious();
    }

    /** Somebody goes on in the place of a worker that is about to end. True when that attempt has to be recorded. */
    boolean handOver(int number, Route to, Instant now, List<Effect> effects) {
        Route before = run.route();
        if (before == null || number != run.number() || !handsOver()) {
            effects.add(new Effect.DropSuccessor());
            return false;
        }
        WorkerRef from = before.decode().worker();
        effects.add(new Effect.NoteLostAttempt(
                run.attempt(), run.phase(), from.getId() + " is about to end", new Fault.Handover(from)));
        left = from;
        run.cancel(effects);
        run = new Execution(attempts.next(), false, now);
        run.assign(to, now);
        intake.newAttempt();
        heard();
        effects.add(new Effect.TakeSuccessor(run.attempt()));
        effects.add(new Effect.RecordAttempt(run.attempt(), to));
        return true;
    }

    /** A worker that may come back is silent: nothing is given up. A request that may kill workers goes to no second one. */
    void silent(WorkerRef worker, Instant now, List<Effect> effects) {
        if (run.needs(worker) && !attempts.suspicious()) {
            silent = worker;
            askAt = now;
            ask(now, effects);
        }
    }

    /** The stream to a worker stands again: it sends what it has made since. */
    void restored(WorkerRef worker, List<Effect> effects) {
        if (worker.equals(silent)) {
            heard();
        }
        for (Execution live : second == null ? List.of(run) : List.of(run, second)) {
            if (live.needs(worker)) {
                effects.add(new Effect.SendResume(worker, live.attempt(), intake.size()));
            }
        }
    }

    /** Somebody can take over. True when the second attempt is begun, and has to be recorded. */
    boolean routed(int number, Route chosen, Instant now, List<Effect> effects) {
        boolean wanted = number == run.number() && silent != null && second == null;
        if (wanted) {
            Execution begun = new Execution(attempts.next(), false, now);
            begun.assign(chosen, now);
            second = begun;
            effects.add(new Effect.RecordHedge(begun.attempt(), run.attempt()));
        } else {
            effects.add(new Effect.EndHedge(run.attempt(), false));
        }
        return wanted;
    }

    /** Nobody can take over now. */
    void refused(Instant now) {
        askAt = silent == null ? Instant.MAX : now.plus(ASK_AGAIN);
    }

    void timePassed(Instant now, List<Effect> effects) {
        if (second != null && !now.isBefore(second.limit(limits))) {
            dropSecond(effects);
        } else {
            ask(now, effects);
        }
    }

    /** When {@link #timePassed} or a limit of the current attempt is due. */
    Instant wakeAt() {
        Instant limit = run.limit(limits);
        if (second != null && second.limit(limits).isBefore(limit)) {
            limit = second.limit(limits);
        }
        return askAt.isBefore(limit) ? askAt : limit;
    }

    void slept(Duration time, Instant now) {
        intake.slept(time, now);
        run.slept(time, now);
        if (second != null) {
            second.slept(time, now);
        }
    }

    private void ask(Instant now, List<Effect> effects) {
        if (silent != null && second == null && !now.isBefore(askAt)) {
            askAt = Instant.MAX;
            effects.add(new Effect.ChooseHedge(run.attempt(), intake.size(), attempts.avoided(), left()));
        }
    }

    private void heard() {
        silent = null;
        askAt = Instant.MAX;
    }
}
