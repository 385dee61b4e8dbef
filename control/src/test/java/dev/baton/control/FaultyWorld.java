package dev.baton.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One request among two prefill and three decode workers that die, freeze, decline, forget and repeat themselves.
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

    private final Random random;
    private final int length;
    private final RequestMachine machine;
    private final Map<String, SimulatedWorker> workers = new HashMap<>();
    private final Deque<RequestEvent> answers = new ArrayDeque<>();
    private final List<Integer> emitted = new ArrayList<>();
    private final Set<Attempt> published = new HashSet<>();
    private final Counts counts = new Counts();
    private final boolean patient;
    private Instant now = Instant.EPOCH;
    private int faults;
    private int ends;
    private String lastWord = "";
    private int lastAttempt;
    private boolean left;

    FaultyWorld(long seed, boolean patient) {
        this.random = new Random(seed);
        this.patient = patient;
        this.faults = random.nextInt(12);
        this.length = 1 + random.nextInt(40);
        long nonces = random.nextLong();
        this.machine = new RequestMachine(
                40, Instant.EPOCH.plus(Duration.ofHours(10)), number -> nonces + number, LIMITS, now);
        for (String id : List.of("prefill-0", "prefill-1", "decode-0", "decode-1", "decode-2")) {
            workers.put(id, new SimulatedWorker(Requests.worker(id, random.nextLong())));
        }
        perform(machine.start());
    }

    Phase phase() {
        return machine.phase();
    }

    /** The message of the failure that ended the request, empty when none did. */
    String lastWord() {
        return lastWord;
    }

    Counts counts() {
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
        assertThat(ends).as("ends").isEqualTo(left ? 0 : 1);
        if (machine.phase() == Phase.DONE && !left) {
            assertThat(emitted).hasSize(length);
        }
    }

    private void step() {
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
        if (random.nextInt(3) == 0) {
            anyWorker().work();
        } else if (!deliverOne()) {
            now = now.plusMillis(100);
            if (!now.isBefore(machine.wakeAt())) {
                feed(new RequestEvent.TimePassed());
            }
        }
    }

    private boolean deliverOne() {
        SimulatedWorker worker = anyWorker();
        Progress frame = worker.stream.pollFirst();
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
        switch (random.nextInt(4)) {
            case 0 -> {
                counts.deaths++;
                WorkerRef dead = worker.self;
                workers.put(dead.getId(), new SimulatedWorker(Requests.worker(dead.getId(), random.nextLong())));
                feed(new RequestEvent.WorkerLost(dead, "dead"));
            }
            case 1 -> feed(new RequestEvent.WorkerLost(worker.self, "no longer listed")); // and works on
            case 2 -> {
                counts.breaks++;
                worker.stream.clear();
                feed(new RequestEvent.StreamRestored(worker.self));
            }
            default -> worker.decline();
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
                case Effect.RecordAttempt(Attempt attempt, Route _) -> {
                    boolean outage = attempt.getNumber() > 1 && faults > 0 && random.nextInt(4) == 0;
                    counts.outages += outage ? 1 : 0;
                    answers.add(
                            outage
                                    ? new RequestEvent.StoreUnavailable(attempt.getNumber(), "no Redis")
                                    : new RequestEvent.AttemptRecorded(attempt.getNumber()));
                }
                case Effect.PublishPrefillJob(Attempt attempt, Route route, List<Integer> accepted) ->
                    publish(attempt, route, accepted);
                case Effect.PublishComputeHere(Attempt attempt, Route route, List<Integer> accepted) ->
                    publish(attempt, route, accepted);
                case Effect.EmitTokens(int firstIndex, List<Integer> tokens, var _) -> {
                    assertThat(firstIndex).as("next index").isEqualTo(emitted.size());
                    assertThat(tokens).isNotEmpty();
                    assertThat(ends).isZero();
                    emitted.addAll(tokens);
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
                case Effect.NoteLostAttempt _, Effect.NoteCleared _, Effect.RecordEnd _ -> {
                    // nothing hangs on these here
                }
            }
        }
    }

    private void chooseRoute(Effect.ChooseRoute choose) {
        assertThat(choose.accepted()).isEqualTo(emitted.size());
        if (faults > 0 && random.nextInt(8) == 0) {
            answers.add(new RequestEvent.NoRoute(choose.attempt().getNumber()));
            return;
        }
        Route.Leg decode = leg("decode-" + random.nextInt(3));
        Route.@Nullable Leg prefill = random.nextBoolean() ? leg("prefill-" + random.nextInt(2)) : null;
        answers.add(new RequestEvent.Routed(choose.attempt().getNumber(), new Route(prefill, decode)));
    }

    private Route.Leg leg(String id) {
        return new Route.Leg(worker(id).self, 0);
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
        if (prefill != null) {
            alive(prefill.worker(), worker -> worker.take(attempt, accepted, accepted.size(), accepted.size() + 1));
            alive(route.decode().worker(), worker -> worker.take(attempt, accepted, accepted.size() + 1, length));
        } else {
            alive(route.decode().worker(), worker -> worker.take(attempt, accepted, accepted.size(), length));
        }
    }

    private void alive(WorkerRef ref, Consumer<SimulatedWorker> action) {
        SimulatedWorker worker = worker(ref.getId());
        if (worker.self.equals(ref)) {
            action.accept(worker);
        }
    }

    private SimulatedWorker anyWorker() {
        List<String> ids = workers.keySet().stream().sorted().toList();
        return worker(ids.get(random.nextInt(ids.size())));
    }

    private SimulatedWorker worker(String id) {
        return Objects.requireNonNull(workers.get(id));
    }

    /** Makes tokens from {@code from} to {@code to} of each attempt it was given, in order, and keeps them. */
    private final class SimulatedWorker {
        private final WorkerRef self;
        private final Deque<Progress> stream = new ArrayDeque<>();
        private final Map<Attempt, Job> jobs = new LinkedHashMap<>();

        SimulatedWorker(WorkerRef self) {
            this.self = self;
        }

        void take(Attempt attempt, List<Integer> accepted, int from, int to) {
            jobs.put(attempt, new Job(attempt, from, Math.min(to, length)));
            stream.add(Progress.newBuilder().setAttempt(attempt).build());
        }

        void work() {
            for (Job job : jobs.values()) {
                if (job.next < job.to) {
                    int count = Math.min(1 + random.nextInt(3), job.to - job.next);
                    stream.add(job.frame(job.next, job.next + count));
                    job.next += count;
                }
            }
        }

        void resume(Attempt attempt, int nextIndex) {
            Job job = jobs.get(attempt);
            if (job == null) {
                Failure unknown = Failure.newBuilder()
                        .setCode(Failure.Code.UNKNOWN_REQUEST)
                        .build();
                stream.add(Progress.newBuilder()
                        .setAttempt(attempt)
                        .setFailure(unknown)
                        .build());
            } else if (Math.max(nextIndex, job.from) < job.next) {
                stream.add(job.frame(Math.max(nextIndex, job.from), job.next));
            }
        }

        void cancel(Attempt attempt) {
            if (random.nextInt(4) == 0) {
                jobs.remove(attempt);
            }
        }

        void decline() {
            Failure.Code[] codes = {Failure.Code.NO_CAPACITY, Failure.Code.TRANSFER_FAILED, Failure.Code.SHUTTING_DOWN};
            for (Attempt attempt : List.copyOf(jobs.keySet())) {
                counts.declines++;
                jobs.remove(attempt);
                Failure failure = Failure.newBuilder()
                        .setCode(codes[random.nextInt(codes.length)])
                        .build();
                stream.add(Progress.newBuilder()
                        .setAttempt(attempt)
                        .setFailure(failure)
                        .build());
            }
        }
    }

    private final class Job {
        private final Attempt attempt;
        private final int from;
        private final int to;
        private int next;

        Job(Attempt attempt, int from, int to) {
            this.attempt = attempt;
            this.from = from;
            this.to = to;
            this.next = from;
        }

        Progress frame(int first, int end) {
            Progress.Builder frame = Progress.newBuilder().setAttempt(attempt).setFirstIndex(first);
            for (int index = first; index < end; index++) {
                frame.addTokens(1_000 * attempt.getNumber() + index);
            }
            if (end == length) {
                frame.setFinish(Finish.newBuilder().setReason(Finish.Reason.STOP));
            }
            return frame.build();
        }
    }

    /** How often each fault really happened. */
    static final class Counts {
        int deaths;
        int breaks;
        int declines;
        int repeats;
        int outages;
        int gaps;
        int zombieFrames;

        void add(Counts other) {
            deaths += other.deaths;
            breaks += other.breaks;
            declines += other.declines;
            repeats += other.repeats;
            outages += other.outages;
            gaps += other.gaps;
            zombieFrames += other.zombieFrames;
        }
    }
}
