package dev.baton.control;

import dev.baton.control.routing.Route;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Makes tokens from {@code from} to {@code to} of each attempt it was given, in order, and keeps them. */
final class SimulatedWorker {
    private final Random random;
    private final int length;
    private final FaultCounts counts;
    final WorkerRef self;
    boolean frozen;
    boolean unlisted;
    Instant frozenAt = Instant.EPOCH;
    final Deque<Progress> stream = new ArrayDeque<>();
    final Map<Attempt, Progress> ends = new HashMap<>();
    final Map<Attempt, Job> jobs = new LinkedHashMap<>();

    /** @param length tokens of the whole answer */
    SimulatedWorker(WorkerRef self, Random random, int length, FaultCounts counts) {
        this.self = self;
        this.random = random;
        this.length = length;
        this.counts = counts;
    }

    Route.Leg leg() {
        return new Route.Leg(self, 0);
    }

    void take(Attempt attempt, int from, int to) {
        jobs.put(attempt, new Job(attempt, from, Math.min(to, length)));
        stream.add(Progress.newBuilder().setAttempt(attempt).build());
    }

    void work() {
        if (frozen) {
            return;
        }
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
        Progress ended = ends.get(attempt);
        if (ended != null) {
            stream.add(ended);
        } else if (job == null) {
            Failure unknown =
                    Failure.newBuilder().setCode(Failure.Code.UNKNOWN_REQUEST).build();
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
            Progress said = Progress.newBuilder()
                    .setAttempt(attempt)
                    .setFailure(failure)
                    .build();
            ends.put(attempt, said);
            stream.add(said);
        }
    }

    /** What it makes of one attempt. */
    final class Job {
        final Attempt attempt;
        final int from;
        final int to;
        int next;

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
}
