package dev.baton.explorer;

import dev.baton.gateway.dispatch.Choices;
import dev.baton.gateway.dispatch.UsageSink;
import dev.baton.gateway.dispatch.VirtualGateway;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;

/**
 * One run: clients ask, faults strike, and each step is checked. What a seed does it does again. After the faults every
 * request must end, and then nothing of them may be left.
 */
final class Explorer {
    /** The longest that a client may wait beyond the faults for what comes next. */
    private static final long BOUND = 5_000_000_000L;

    private static final long CHECK_EVERY = 250_000_000L;
    private static final long KEPT = 100_000_000_000L;
    private static final long SETTLED = 8_000_000_000L;
    private static final int MOST_AT_ONCE = 14;

    private final long seed;
    private final Cluster cluster;
    private final Random random;
    /** Most of a request. */
    private final int choices;

    private final Faults faults;
    private final List<Ask> asks = new ArrayList<>();
    private final List<Ask> running = new ArrayList<>();
    private long longestWait;
    private int made;

    /** What a run has done. */
    record Report(
            long steps,
            int requests,
            long tokens,
            long longestWaitMillis,
            Map<Faults.Kind, Integer> faults,
            Map<String, Integer> outcomes,
            long hash) {}

    Explorer(long seed, int choices, boolean noted, UsageSink usage) {
        this.seed = seed;
        this.choices = choices;
        this.random = new Random(seed);
        this.cluster = new Cluster(random.nextLong(), random.nextInt(4) > 0, noted, usage);
        this.faults = new Faults(cluster, new Random(random.nextLong()), this::gatewayGone, this::gatewayStill);
    }

    /** @throws AssertionError with what was wrong */
    Report run() {
        try (NotedLogs _ = new NotedLogs(cluster.notes)) {
            return explore();
        }
    }

    private Report explore() {
        until(cluster.time.now() + 2_000_000_000L);
        long active = (8 + random.nextInt(25)) * 1_000_000_000L;
        long end = cluster.time.now() + active;
        ask(end);
        strike(end);
        check();
        until(end);
        while (!running.isEmpty() || !faults.calm()) {
            until(cluster.time.now() + CHECK_EVERY);
        }
        until(cluster.time.now() + SETTLED);
        if (everything() || !cluster.held(false).isEmpty()) {
            // What a gateway that is gone has left stays for a while, and kept tokens do.
            until(cluster.time.now() + KEPT);
            String left = cluster.held(true);
            if (!left.isEmpty()) {
                cluster.notes.wrong("left behind: " + left);
                throwWrong();
            }
        }
        return report();
    }

    private boolean everything() {
        return Math.floorMod(seed, 6) == 0;
    }

    private Report report() {
        Map<String, Integer> outcomes = new TreeMap<>();
        long tokens = 0;
        long hash = cluster.time.steps();
        for (Ask ask : asks) {
            outcomes.merge(ask.outcome().replaceAll(":.*", ""), 1, Integer::sum);
            tokens += ask.length();
            hash = hash * 31 + ask.lastToken() + ask.length();
        }
        return new Report(
                cluster.time.steps(),
                asks.size(),
                tokens,
                longestWait / 1_000_000,
                Map.copyOf(faults.done()),
                outcomes,
                hash);
    }

    private void until(long when) {
        while (cluster.time.step(when)) {
            if (cluster.notes.wrong() != null) {
                throwWrong();
            }
        }
    }

    private void throwWrong() {
        throw new AssertionError(
                "seed %d, %s".formatted(seed, cluster.notes.wrong())
                        + (cluster.notes.kept() ? "\n" + cluster.notes.lines() : ""),
                cluster.notes.cause());
    }

    private void ask(long end) {
        if (cluster.time.now() < end) {
            running.removeIf(Ask::over);
            if (running.size() < MOST_AT_ONCE) {
                begin();
            }
            cluster.time.after((30 + random.nextInt(600)) * 1_000_000L, () -> ask(end));
        }
    }

    private void begin() {
        List<VirtualGateway> open = open();
        if (open.isEmpty()) {
            return;
        }
        int[] prompt = new int[random.nextInt(3) == 0 ? 200 + random.nextInt(900) : 1 + random.nextInt(150)];
        for (int i = 0; i < prompt.length; i++) {
            prompt[i] = random.nextInt(1_000);
        }
        int most = random.nextInt(5) == 0 ? 1 + random.nextInt(2) : 1 + random.nextInt(120);
        boolean resumable = random.nextInt(3) == 0;
        VirtualGateway gateway = open.get(random.nextInt(open.size()));
        String id = "r-" + made++;
        if (choices == 1) {
            begin(gateway, id, prompt, most, resumable, new Choices(1, 1).choice(0));
        } else {
            Choices all = new Choices(1 + random.nextInt(choices), choices);
            for (int i = 0; i < all.count(); i++) {
                begin(gateway, id + "/" + i, prompt, most, resumable, all.choice(i));
            }
        }
    }

    private void begin(
            VirtualGateway gateway, String id, int[] prompt, int most, boolean resumable, Choices.Choice choice) {
        Ask ask = new Ask(id, cluster, faults, prompt, most, Duration.ofMinutes(10), resumable, choice);
        asks.add(ask);
        running.add(ask);
        cluster.notes.add(
                "%s asks %s, %d tokens, %d at most", ask.id, gateway.life().name(), prompt.length, most);
        ask.begin(gateway);
        if (random.nextInt(8) == 0) {
            faults.later(Duration.ofMillis(random.nextInt(2_500)), ask::leaves);
        }
    }

    private List<VirtualGateway> open() {
        return cluster.gateways().stream()
                .map(slot -> slot.now)
                .filter(Objects::nonNull)
                .filter(gateway -> !gateway.life().ended())
                .toList();
    }

    private void strike(long end) {
        if (cluster.time.now() < end) {
            faults.strike();
            cluster.time.after((100 + random.nextInt(4_000)) * 1_000_000L, () -> strike(end));
        }
    }

    private void check() {
        running.removeIf(Ask::over);
        long now = cluster.time.now();
        for (Ask ask : running) {
            long waits = now - Math.max(ask.lastToken(), faults.calmSince());
            if (faults.calm()) {
                longestWait = Math.max(longestWait, waits);
                if (waits > BOUND) {
                    cluster.notes.wrong(ask.id + " has waited for " + waits / 1_000_000 + " ms since all is well, with "
                            + ask.length() + " tokens");
                }
            }
        }
        cluster.time.after(CHECK_EVERY, this::check);
    }

    private void gatewayGone(Life life) {
        for (Ask ask : List.copyOf(running)) {
            VirtualGateway at = ask.at();
            if (at != null && at.life() == life) {
                if (ask.resumable && (cluster.exact || life.ended())) {
                    faults.later(Duration.ofMillis(2_500), () -> takeOver(ask, life));
                } else {
                    ask.lost();
                }
            }
        }
    }

    private void gatewayStill(Life life) {
        for (Ask ask : List.copyOf(running)) {
            VirtualGateway at = ask.at();
            if (ask.resumable && at != null && at.life() == life) {
                takeOver(ask, life);
            }
        }
    }

    /** By another gateway; as soon as there is one. */
    private void takeOver(Ask ask, Life from) {
        VirtualGateway at = ask.at();
        if (ask.over() || at == null || at.life() != from) {
            return;
        }
        List<VirtualGateway> others = open().stream()
                .filter(gateway -> gateway.life() != from && !gateway.life().frozen())
                .toList();
        if (others.isEmpty()) {
            faults.later(Duration.ofMillis(300), () -> takeOver(ask, from));
        } else {
            ask.takenOver(others.get(random.nextInt(others.size())));
        }
    }
}
