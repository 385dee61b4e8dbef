package dev.baton.control.fairness;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Eight tenants of weights 1 to 4, each at one of four gateways, ask for more than two workers can do, in virtual time: the
 * real queue of each gateway, and the real order in which each worker claims.
 */
class OverloadTest {
    private static final List<Integer> WEIGHTS = List.of(1, 2, 3, 4, 4, 3, 2, 1);
    private static final int GATEWAYS = 4;
    private static final int SLOTS = 16;
    private static final int CREDIT = 16;
    private static final int ALWAYS_WAITING = 60;
    private static final double WARM = 20;
    private static final double WINDOW = 30;
    private static final int WINDOWS = 4;

    private final Random random = new Random(7);
    private final List<Gateway> gateways =
            IntStream.range(0, GATEWAYS).mapToObj(number -> new Gateway()).toList();
    private final List<Worker> workers = List.of(new Worker(), new Worker());
    private final PriorityQueue<Event> events = new PriorityQueue<>(Comparator.comparingDouble(Event::at));
    private final List<Done> done = new ArrayList<>();
    private double now;

    private record Event(double at, Runnable what) {}

    /** Work of a tenant, spread over a time. */
    private record Done(int tenant, double from, double to) {
        double within(double start, double end) {
            return Math.max(0, Math.min(to, end) - Math.max(from, start));
        }
    }

    private final class Job implements Turns.Turn, FairOrder.Entry {
        private final int number;
        private final long millis;
        private final boolean again;
        private final double submitted = now;

        /** @param again the tenant sends another when it is done */
        Job(int number, long millis, boolean again) {
            this.again = again;
            this.number = number;
            this.millis = millis;
        }

        @Override
        public String tenant() {
            return "tenant " + number;
        }

        @Override
        public int weight() {
            return WEIGHTS.get(number);
        }

        @Override
        public int priority() {
            return 0;
        }

        /** No prompt to speak of: all is charged as it is done. */
        @Override
        public long work() {
            return 0;
        }

        @Override
        public String model() {
            return "m";
        }

        @Override
        public int tokens() {
            return 0;
        }
    }

    private final class Gateway {
        private final Turns<Job> turns = new Turns<>(model -> 2 * CREDIT);

        void submit(Job job) {
            send(turns.add(job));
        }

        void send(List<Job> jobs) {
            for (Job job : jobs) {
                Worker to = workers.stream()
                        .min(Comparator.comparingInt(Worker::load))
                        .orElseThrow();
                to.come(job, this);
            }
        }
    }

    private final class Worker {
        private final FairShare shares = new FairShare();
        private final FairOrder<Job> lane = new FairOrder<>(shares);
        private final Map<Job, Gateway> owners = new IdentityHashMap<>();
        private int busy;

        int load() {
            return lane.size() + busy;
        }

        void come(Job job, Gateway owner) {
            owners.put(job, owner);
            lane.add(job);
            claim();
        }

        void claim() {
            while (busy < SLOTS && lane.size() > 0) {
                Job job = lane.next(any -> true).orElseThrow();
                lane.take(job);
                lane.begun(job);
                busy++;
                Gateway owner = Objects.requireNonNull(owners.get(job));
                double began = now;
                waited[job.number] = Math.max(waited[job.number], now - job.submitted);
                at(now, () -> owner.send(owner.turns.left(job)));
                for (long part = 0; part < job.millis; part += 10) {
                    long millis = Math.min(10, job.millis - part);
                    // Charged as it is done, as an engine charges tokens.
                    at(now + part / 1e3, () -> shares.charge(job.tenant(), job.weight(), millis));
                }
                at(now + job.millis / 1e3, () -> {
                    busy--;
                    done.add(new Done(job.number, began, now));
                    if (job.again) {
                        again(job.number);
                    }
                    claim();
                });
            }
        }
    }

    private final double[] waited = new double[WEIGHTS.size()];

    private void at(double when, Runnable what) {
        events.add(new Event(when, what));
    }

    /** Long answers for every other tenant: shares are of work, not of requests. */
    private void again(int tenant) {
        long millis = tenant % 2 == 0 ? 50 + random.nextInt(200) : 200 + random.nextInt(600);
        gateways.get(tenant % GATEWAYS).submit(new Job(tenant, millis, true));
    }

    private void runUntil(double end) {
        while (!events.isEmpty() && events.peek().at() <= end) {
            Event next = events.remove();
            now = next.at();
            next.what().run();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void workIsSharedByWeightInEachHalfMinute(long seed) {
        random.setSeed(seed);
        for (int tenant = 0; tenant < WEIGHTS.size(); tenant++) {
            for (int i = 0; i < ALWAYS_WAITING; i++) {
                again(tenant);
            }
        }
        runUntil(WARM + WINDOWS * WINDOW + 1);
        for (int window = 0; window < WINDOWS; window++) {
            double from = WARM + window * WINDOW;
            double[] share = new double[WEIGHTS.size()];
            done.forEach(one -> share[one.tenant()] += one.within(from, from + WINDOW));
            double all =
                    IntStream.range(0, share.length).mapToDouble(i -> share[i]).sum();
            for (int tenant = 0; tenant < share.length; tenant++) {
                double fair = all
                        * WEIGHTS.get(tenant)
                        / WEIGHTS.stream().mapToInt(i -> i).sum();
                assertThat(share[tenant] / fair)
                        .as("tenant %d of weight %d, from %.0f s", tenant, WEIGHTS.get(tenant), from)
                        .isBetween(0.95, 1.05);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whoAsksForLittleDoesNotWaitBehindThoseWhoAskForMuch(long seed) {
        random.setSeed(seed);
        for (int tenant = 1; tenant < WEIGHTS.size(); tenant++) {
            for (int i = 0; i < 20 * ALWAYS_WAITING; i++) {
                again(tenant);
            }
        }
        for (int i = 0; i < 60; i++) {
            at(WARM + i, () -> gateways.getFirst().submit(new Job(0, 100, false)));
        }
        runUntil(WARM + 70);
        // Every slot is taken for 0.8 s at most, and what is sent already of others is a credit of each gateway.
        assertThat(waited[0])
                .as("longest wait of a tenant of weight 1 that asks once a second")
                .isLessThan(1.6);
        assertThat(waited[4]).as("who asks for more than it gets does wait").isGreaterThan(10);
    }
}
