package dev.baton.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;

/**
 * One request among two prefill and three decode workers that die, freeze and wake, decline, forget and repeat themselves.
 * Faults come from a budget: when it is spent the world is sound, and a request that still lives must finish. Workers
 * that are told to cancel mostly go on all the same, as the workers of stale attempts do. Tokens differ from attempt to attempt, so that a
 * machine that let an accepted one be computed again would be seen to change it.
 */
final class FaultyWorld {
    private static final PhaseLimits LIMITS = new PhaseLimits(
            Duration.ofSeconds(60),
            Duration.ofSeconds(60),
            Duration.ofSeconds(2),
            Duration.ofSeconds(2),
            Duration.ofSeconds(2),
            1_000);

    /** Less than the limit of a phase: a client that waits for that long was forgotten. */
    private static final long MOST_MS = 50_000;

    private static final Duration ENTRY = Duration.ofMillis(2_500);

    private final Random random;
    /** Of drains, which are no faults: other seeds keep their meaning. */
    private final Random drains;

    private final int length;
    private final RequestMachine machine;
    private final Map<String, SimulatedWorker> workers = new HashMap<>();
    private final Deque<RequestEvent> answers = new ArrayDeque<>();
    private final List<Integer> emitted = new ArrayList<>();
    private final Set<Attempt> published = new HashSet<>();
    private final Set<Attempt> claimed = new HashSet<>();
    private final FaultCounts counts = new FaultCounts();
    private final boolean patient;
    private final List<Integer> deathsAt = new ArrayList<>();
    private Instant now = Instant.EPOCH;
    private Instant lastToken = Instant.EPOCH;
    private int faults;
    private int ends;
    private String lastWord = "";
    private int lastAttempt;
    private boolean left;

    FaultyWorld(long seed, boolean patient) {
        this.random = new Random(seed);
        this.drains = new Random(~seed);
        this.patient = patient;
        this.faults = random.nextInt(12);
        this.length = 1 + random.nextInt(40);
        long nonces = random.nextLong();
        this.machine = new RequestMachine(
                RequestStart.first(40, Instant.EPOCH.plus(Duration.ofHours(10))),
                number -> nonces + number,
                LIMITS,
                now);
        for (String id : List.of("prefill-0", "prefill-1", "decode-0", "decode-1", "decode-2")) {
            workers.put(id, simulated(id));
        }
        perform(machine.start(now));
    }

    Phase phase() {
        return machine.phase();
    }

    /** The message of the failure that ended the request, empty when none did. */
    String lastWord() {
        return lastWord;
    }

    FaultCounts counts() {
        return counts;
    }

    void run() {
        for (int step = 0; step < 20_000 && !(machine.phase().ended() && answers.isEmpty()); step++) {
            step();
        }
        // Workers of stale attempts talk on after the end: nothing may come of it.
        for (int step = 0; step < 50; step++) {
            deliverOne();
        }
    }

    void check() {
        assertThat(counts.longestWait).as("ms to the next token").isLessThan(MOST_MS);
        assertThat(ends).as("ends").isEqualTo(left ? 0 : 1);
        if (machine.phase() == Phase.DONE && !left) {
            assertThat(emitted).hasSize(length);
        }
    }

    private void step() {
        if (drains.nextInt(60) == 0) {
            feed(new RequestEvent.WorkerLeaves(worker("decode-" + drains.nextInt(3)).self));
        }
        if (!answers.isEmpty() && random.nextInt(4) > 0) {
            feed(answers.removeFirst());
            return;
        }
        if (faults > 0 && random.nextInt(6) == 0) {
            faults--;
            fault();
            return;
        }
        if (!patient && !left && random.nextInt(40) == 0) {
            left = !machine.phase().ended();
            feed(new RequestEvent.CancelledByClient());
            return;
        }
        if (random.nextInt(25) == 0) {
            wakeOne();
        } else if (random.nextInt(3) == 0) {
            anyWorker().work();
        } else if (!deliverOne()) {
            now = now.plusMillis(100);
            endEntries();
            if (!now.isBefore(machine.wakeAt())) {
                feed(new RequestEvent.TimePassed());
            }
        }
    }

    private boolean deliverOne() {
        SimulatedWorker worker = anyWorker();
        Progress frame = worker.frozen ? null : worker.stream.pollFirst();
        if (frame == null) {
            return false;
        }
        if (!frame.getAttempt().equals(machine.attempt())) {
            counts.zombieFrames++;
        } else if (frame.getFirstIndex() > machine.accepted()) {
            counts.gaps++;
        }
        feed(new RequestEvent.Progressed(worker.self, frame));
        if (faults > 0 && random.nextInt(10) == 0) {
            counts.repeats++;
            feed(new RequestEvent.Progressed(worker.self, frame));
        }
        return true;
    }

    private void fault() {
        SimulatedWorker worker = anyWorker();
        switch (random.nextInt(6)) {
            case 0 -> {
                if (deathsAt.stream()
                                .filter(at -> emitted.size() - at <= Deaths.NEAR)
                                .count()
                        == 2) {
                    return; // a third would be this request's fault
                }
                deathsAt.add(emitted.size());
                counts.deaths++;
                WorkerRef dead = worker.self;
                workers.put(dead.getId(), simulated(dead.getId()));
                feed(new RequestEvent.WorkerLost(dead, "dead"));
            }
            case 1 -> lost(worker);
            case 4, 5 -> {
                counts.freezes++;
                worker.frozen = true;
                worker.frozenAt = now;
                feed(new RequestEvent.WorkerSilent(worker.self));
            }
            case 2 -> {
                counts.breaks++;
                worker.stream.clear();
                feed(new RequestEvent.StreamRestored(worker.self));
            }
            default -> worker.decline();
        }
    }

    /** It is listed no more, and works on. */
    private void lost(SimulatedWorker worker) {
        if (deathsAt.stream().filter(at -> emitted.size() - at <= Deaths.NEAR).count() < 2) {
            deathsAt.add(emitted.size());
            feed(new RequestEvent.WorkerLost(worker.self, "no longer listed"));
        }
    }

    private void wakeOne() {
        SimulatedWorker worker = anyWorker();
        if (worker.frozen) {
            worker.frozen = false;
            worker.unlisted = false;
            feed(new RequestEvent.StreamRestored(worker.self));
        }
    }

    /** A worker that has been frozen for long is listed no more; it may wake all the same. */
    private void endEntries() {
        for (SimulatedWorker worker : List.copyOf(workers.values())) {
            if (worker.frozen && !worker.unlisted && now.isAfter(worker.frozenAt.plus(ENTRY))) {
                worker.unlisted = true;
                lost(worker);
            }
        }
    }

    private void feed(RequestEvent event) {
        boolean over = machine.phase().ended();
        List<Effect> effects = machine.on(event, now);
        assertThat(machine.attempt().getNumber()).isGreaterThanOrEqualTo(lastAttempt);
        lastAttempt = machine.attempt().getNumber();
        if (over) {
            assertThat(effects).as("after the end").allMatch(Effect.RecordEnd.class::isInstance);
        }
        perform(effects);
    }

    private void perform(List<Effect> effects) {
        for (Effect effect : effects) {
            switch (effect) {
                case Effect.ChooseRoute choose -> chooseRoute(choose);
                case Effect.ChooseHedge choose -> chooseHedge(choose);
                case Effect.ChooseSuccessor choose -> chooseSuccessor(choose);
                case Effect.TakeSuccessor(Attempt attempt) -> {
                    assertThat(attempt).isEqualTo(machine.attempt());
                    counts.handedOver++;
                }
                case Effect.DropSuccessor() -> {}
                case Effect.RecordAttempt(Attempt attempt, Route _) -> record(attempt);
                case Effect.RecordHedge(Attempt attempt, Attempt beside) -> {
                    assertThat(beside).isEqualTo(machine.attempt());
                    record(attempt);
                }
                case Effect.EndHedge(Attempt _, boolean won) -> {
                    counts.hedgesWon += won ? 1 : 0;
                    counts.hedgesEnded++;
                }
                case Effect.NoteDifference _ -> counts.differences++;
                case Effect.PublishPrefillJob(Attempt attempt, Route route, List<Integer> accepted) ->
                    publish(attempt, route, accepted);
                case Effect.PublishComputeHere(Attempt attempt, Route route, List<Integer> accepted) ->
                    publish(attempt, route, accepted);
                case Effect.EmitTokens(int firstIndex, List<Integer> tokens, var _) -> {
                    assertThat(firstIndex).as("next index").isEqualTo(emitted.size());
                    assertThat(tokens).isNotEmpty();
                    assertThat(ends).isZero();
                    emitted.addAll(tokens);
                    counts.longestWait = Math.max(
                            counts.longestWait, Duration.between(lastToken, now).toMillis());
                    lastToken = now;
                }
                case Effect.PublishDeadLetter _ -> throw new AssertionError("no worker died of this request");
                case Effect.EmitFinish _, Effect.EmitRejection _ -> ends++;
                case Effect.EmitFailure(Failure failure) -> {
                    ends++;
                    lastWord = failure.getMessage();
                }
                case Effect.SendResume(WorkerRef worker, Attempt attempt, int nextIndex) ->
                    alive(worker, target -> target.resume(attempt, nextIndex));
                case Effect.SendCancel(WorkerRef worker, Attempt attempt) ->
                    alive(worker, target -> target.cancel(attempt));
                case Effect.Acknowledge _, Effect.EmitAdmitted _, Effect.EmitCached _, Effect.NoteTiming _ -> {
                    // nothing hangs on these here
                }
                case Effect.NoteClaimed(Attempt attempt) ->
                    assertThat(claimed.add(attempt)).as("told once").isTrue();
                case Effect.NoteRestored _, Effect.NoteLostAttempt _, Effect.NoteCleared _, Effect.RecordEnd _ -> {
                    // nothing hangs on these here
                }
            }
        }
    }

    private void record(Attempt attempt) {
        boolean outage = attempt.getNumber() > 1 && faults > 0 && random.nextInt(4) == 0;
        counts.outages += outage ? 1 : 0;
        answers.add(
                outage
                        ? new RequestEvent.StoreUnavailable(attempt.getNumber(), "no Redis")
                        : new RequestEvent.AttemptRecorded(attempt.getNumber()));
    }

    private void chooseHedge(Effect.ChooseHedge choose) {
        assertThat(choose.accepted()).isEqualTo(emitted.size());
        SimulatedWorker worker = worker("decode-" + random.nextInt(3));
        answers.add(
                worker.frozen || random.nextInt(4) == 0
                        ? new RequestEvent.NoHedge(choose.attempt().getNumber())
                        : new RequestEvent.HedgeRouted(choose.attempt().getNumber(), new Route(null, worker.leg())));
    }

    private void chooseSuccessor(Effect.ChooseSuccessor choose) {
        assertThat(choose.accepted()).isEqualTo(emitted);
        SimulatedWorker worker = worker("decode-" + drains.nextInt(3));
        if (!worker.frozen && !worker.self.equals(choose.from())) {
            answers.add(new RequestEvent.SuccessorRouted(choose.attempt().getNumber(), new Route(null, worker.leg())));
        }
    }

    private void chooseRoute(Effect.ChooseRoute choose) {
        assertThat(choose.accepted()).isEqualTo(emitted.size());
        if (faults > 0 && random.nextInt(8) == 0) {
            answers.add(new RequestEvent.NoRoute(choose.attempt().getNumber()));
            return;
        }
        SimulatedWorker decode = worker("decode-" + random.nextInt(3));
        SimulatedWorker prefill = worker("prefill-" + random.nextInt(2));
        boolean split = random.nextBoolean() && !prefill.frozen;
        answers.add(
                decode.frozen
                        ? new RequestEvent.NoRoute(choose.attempt().getNumber())
                        : new RequestEvent.Routed(
                                choose.attempt().getNumber(), new Route(split ? prefill.leg() : null, decode.leg())));
    }

    private void publish(Attempt attempt, Route route, List<Integer> accepted) {
        assertThat(accepted).as("forced tokens").isEqualTo(emitted);
        assertThat(published.add(attempt)).as("published once").isTrue();
        if (attempt.getNumber() > 1 && faults > 0 && random.nextInt(10) == 0) {
            counts.outages++;
            answers.add(new RequestEvent.PublishFailed(attempt.getNumber(), "no Kafka"));
            return;
        }
        Route.Leg prefill = route.prefill();
        int from = accepted.size();
        if (prefill != null) {
            read(prefill.worker(), attempt, WorkerState.Role.PREFILL, from, from + 1);
            from++;
        }
        read(route.decode().worker(), attempt, WorkerState.Role.DECODE, from, length);
    }

    /** The lane's holder reads the record; the next life of the worker that it is for declines it. */
    private void read(WorkerRef meantFor, Attempt attempt, WorkerState.Role role, int from, int to) {
        SimulatedWorker holder = worker(meantFor.getId());
        if (holder.self.equals(meantFor)) {
            holder.take(attempt, from, to);
        } else {
            answers.add(new RequestEvent.Declined(
                    holder.self,
                    Decline.newBuilder()
                            .setAttempt(attempt)
                            .setRole(role)
                            .setReason(Decline.Reason.OTHER_WORKER)
                            .build()));
        }
    }

    private void alive(WorkerRef ref, Consumer<SimulatedWorker> action) {
        SimulatedWorker worker = worker(ref.getId());
        if (worker.self.equals(ref)) {
            action.accept(worker);
        }
    }

    private SimulatedWorker simulated(String id) {
        return new SimulatedWorker(Requests.worker(id, random.nextLong()), random, length, counts);
    }

    private SimulatedWorker anyWorker() {
        List<String> ids = workers.keySet().stream().sorted().toList();
        return worker(ids.get(random.nextInt(ids.size())));
    }

    private SimulatedWorker worker(String id) {
        return Objects.requireNonNull(workers.get(id));
    }
}
