package dev.baton.control.admission;

import dev.baton.control.fairness.FairOrder;
import dev.baton.control.fairness.FairShare;
import dev.baton.control.fairness.Turns;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Gateways and workers in virtual time: the real queue, predictor and bookings of each gateway, the real order of each
 * worker, and steps that take as long as they have rows. Gateways know of a worker what it said within half a second, and what
 * they have sent.
 */
final class SimulatedServing {
    static final int SLOTS = 16;
    private static final int CREDIT = 8;
    private static final int CHUNK = 64;
    private static final double STEP = 0.005;
    private static final double ROW = 0.001;
    private static final double HEARTBEAT = 0.5;
    private static final double NEWEST = 0.2;

    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingDouble(Event::at).thenComparingLong(Event::number));
    private final List<Worker> workers;
    private final List<Gateway> gateways;
    private final int credit;
    private long numbers;
    private double now;

    private record Event(double at, long number, Runnable what) {}

    SimulatedServing(int workers, int gateways) {
        this.credit = Math.max(1, CREDIT / gateways);
        this.workers =
                IntStream.range(0, workers).mapToObj(number -> new Worker()).toList();
        this.gateways =
                IntStream.range(0, gateways).mapToObj(number -> new Gateway()).toList();
    }

    double now() {
        return now;
    }

    Gateway gateway(int number) {
        return gateways.get(number % gateways.size());
    }

    void at(double when, Runnable what) {
        events.add(new Event(when, numbers++, what));
    }

    void runUntil(double end) {
        while (!events.isEmpty() && events.peek().at() <= end) {
            Event next = events.remove();
            now = next.at();
            next.what().run();
        }
        now = end;
    }

    private Instant instant() {
        return Instant.EPOCH.plusNanos((long) (now * 1e9));
    }

    /** A request. */
    final class Job implements Turns.Turn, FairOrder.Entry {
        final String tenant;
        final String body;
        final int weight;
        final int priority;
        final int prompt;
        final int answer;
        final Consumer<Job> done;
        double entered;
        double firstToken;
        int computed;
        int made;
        TtftPredictor.@Nullable Raw predicted;

        @Nullable
        Gateway owner;

        @Nullable
        Worker worker;

        Job(String tenant, String body, int weight, int priority, int prompt, int answer, Consumer<Job> done) {
            this.tenant = tenant;
            this.body = body;
            this.weight = weight;
            this.priority = priority;
            this.prompt = prompt;
            this.answer = answer;
            this.done = done;
        }

        double ttft() {
            return firstToken - entered;
        }

        @Override
        public String model() {
            return "m";
        }

        @Override
        public String tenant() {
            return tenant;
        }

        @Override
        public int weight() {
            return weight;
        }

        @Override
        public int priority() {
            return priority;
        }

        @Override
        public int tokens() {
            return prompt;
        }

        @Override
        public long work() {
            return prompt;
        }
    }

    /** As a gateway lets in and sends. */
    final class Gateway {
        final TtftPredictor predictor = new TtftPredictor();
        final Overload overload = new Overload(predictor, 4_096, 1_024);
        private final Turns<Job> turns = new Turns<>(model -> workers.size() * credit);
        private final Map<Worker, Integer> sent = new HashMap<>();
        private final Map<Worker, Integer> sentTokens = new HashMap<>();
        private final Map<Worker, Integer> sentForLater = new HashMap<>();
        private final Map<Worker, Integer> sentTokensForLater = new HashMap<>();

        /** When it is to come again, in seconds; empty when it was let in. */
        Optional<Double> submit(Job job, @Nullable Duration patience) {
            job.owner = this;
            job.entered = now;
            job.predicted = predictor
                    .raw(capacity(job.later()), turns.ahead(job, overload.byTenant()), job.prompt)
                    .orElse(null);
            if (patience != null) {
                Overload.Asked asked = new Overload.Asked(job.tenant, job.weight, () -> job.body, patience);
                switch (overload.ask(asked, job.predicted, instant())) {
                    case Overload.Later later -> {
                        return Optional.of(later.retryAfter().toMillis() / 1e3);
                    }
                    case Overload.LetIn(var place) -> {
                        if (place != null) {
                            overload.taken(place);
                        }
                    }
                }
            }
            send(turns.add(job));
            return Optional.empty();
        }

        private Capacity capacity(boolean later) {
            return new Capacity(
                    workers.stream()
                            .mapToDouble(worker -> worker.told.prefill())
                            .sum(),
                    workers.size(),
                    workers.stream().mapToDouble(worker -> worker.told.decode()).sum(),
                    workers.size() * SLOTS,
                    workers.stream()
                            .mapToInt(worker -> Math.max(worker.told.sequences(later), sent(worker, later)))
                            .sum(),
                    workers.stream().mapToInt(worker -> sent(worker, later)).sum(),
                    workers.stream()
                            .mapToLong(worker -> Math.max(worker.told.tokens(later), sentTokens(worker, later)))
                            .sum(),
                    false);
        }

        private int sent(Worker worker, boolean later) {
            return sent.getOrDefault(worker, 0) - (later ? 0 : sentForLater.getOrDefault(worker, 0));
        }

        private int sentTokens(Worker worker, boolean later) {
            return sentTokens.getOrDefault(worker, 0) - (later ? 0 : sentTokensForLater.getOrDefault(worker, 0));
        }

        private void send(List<Job> jobs) {
            for (Job job : jobs) {
                Worker to = workers.stream()
                        .min(Comparator.comparingInt(Worker::sequences))
                        .orElseThrow();
                sent.merge(to, 1, Integer::sum);
                sentTokens.merge(to, job.prompt, Integer::sum);
                if (job.later()) {
                    sentForLater.merge(to, 1, Integer::sum);
                    sentTokensForLater.merge(to, job.prompt, Integer::sum);
                }
                to.come(job);
            }
        }

        private void answers(Job job) {
            job.firstToken = now;
            sentTokens.merge(Objects.requireNonNull(job.worker), -job.prompt, Integer::sum);
            if (job.later()) {
                sentTokensForLater.merge(job.worker, -job.prompt, Integer::sum);
            } else if (job.predicted != null) {
                predictor.measured(job.predicted, job.ttft());
            }
        }

        private void ends(Job job) {
            sent.merge(Objects.requireNonNull(job.worker), -1, Integer::sum);
            if (job.later()) {
                sentForLater.merge(job.worker, -1, Integer::sum);
            }
            predictor.answered(job.answer);
            job.done.accept(job);
        }
    }

    /** What a worker says of itself. */
    private record Told(
            double prefill, double decode, int sequences, long tokens, int sequencesForLater, long tokensForLater) {
        int sequences(boolean later) {
            return later ? sequences : sequences - sequencesForLater;
        }

        long tokens(boolean later) {
            return later ? tokens : tokens - tokensForLater;
        }
    }

    /** As an engine computes. */
    private final class Worker {
        private final FairShare shares = new FairShare();
        private final FairOrder<Job> lane = new FairOrder<>(shares);
        private final List<Job> running = new ArrayList<>();
        private Told told = new Told(0, 0, 0, 0, 0, 0);
        private double toldAt = -HEARTBEAT;
        private double prefill;
        private double decode;
        private boolean steps;

        int sequences() {
            return lane.size() + running.size();
        }

        void come(Job job) {
            job.worker = this;
            lane.add(job);
            if (!steps) {
                steps = true;
                at(now, this::step);
            }
        }

        private void step() {
            giveUpForOthers();
            while (running.size() < SLOTS && lane.size() > 0) {
                Job job = lane.next(any -> true).orElseThrow();
                lane.take(job);
                lane.begun(job);
                running.add(job);
                Gateway owner = Objects.requireNonNull(job.owner);
                at(now, () -> owner.send(owner.turns.left(job)));
            }
            tell();
            boolean standBack = running.stream().anyMatch(job -> !job.later() && job.computed < job.prompt);
            if (running.isEmpty()) {
                steps = false;
                return;
            }
            int answers = (int) running.stream()
                    .filter(job -> job.computed == job.prompt && !(standBack && job.later()))
                    .count();
            int left = CHUNK;
            int forLater = 0;
            List<Job> drawing = new ArrayList<>();
            List<Job> order = new ArrayList<>(running);
            order.sort(Comparator.comparing(Turns.Turn::later));
            for (Job job : order) {
                if (standBack && job.later()) {
                    continue;
                }
                int most = job.later() ? Math.min(left, CHUNK / 4 - forLater) : left;
                int rows = job.computed == job.prompt ? 1 : Math.min(most, job.prompt - job.computed);
                if (job.computed < job.prompt) {
                    left -= rows;
                    forLater += job.later() ? rows : 0;
                    job.computed += rows;
                }
                shares.charge(job.tenant, job.weight, rows);
                if (job.computed == job.prompt) {
                    drawing.add(job);
                }
            }
            int prompts = CHUNK - left;
            double seconds = STEP + (answers + prompts) * ROW;
            if (prompts > answers) {
                prefill = blended(prefill, prompts / seconds);
            } else if (prompts == 0) {
                decode = blended(decode, answers / seconds);
            }
            at(now + seconds, () -> {
                drawing.forEach(this::draw);
                step();
            });
        }

        /** As the engine preempts. */
        private void giveUpForOthers() {
            long urgent = lane.all().stream().filter(job -> !job.later()).count();
            for (int i = running.size() - 1; i >= 0 && urgent > SLOTS - running.size(); i--) {
                Job job = running.get(i);
                if (job.later()) {
                    running.remove(i);
                    job.computed = 0;
                    lane.add(job);
                }
            }
        }

        private void draw(Job job) {
            Gateway owner = Objects.requireNonNull(job.owner);
            if (job.made++ == 0) {
                owner.answers(job);
            }
            if (job.made == job.answer) {
                running.remove(job);
                owner.ends(job);
            }
        }

        private void tell() {
            if (now - toldAt >= HEARTBEAT) {
                toldAt = now;
                Iterator<Job> all =
                        Stream.concat(lane.all().stream(), running.stream()).iterator();
                long tokens = 0;
                int sequencesForLater = 0;
                long tokensForLater = 0;
                while (all.hasNext()) {
                    Job job = all.next();
                    tokens += job.prompt - job.computed;
                    if (job.later()) {
                        sequencesForLater++;
                        tokensForLater += job.prompt - job.computed;
                    }
                }
                told = new Told(prefill, decode, sequences(), tokens, sequencesForLater, tokensForLater);
            }
        }

        private static double blended(double known, double newest) {
            return known == 0 ? newest : NEWEST * newest + (1 - NEWEST) * known;
        }
    }
}
