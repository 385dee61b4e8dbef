package dev.baton.cli.chaos;

import dev.baton.cli.chaos.faults.FaultKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** The same faults in the same order for the same seed. Each kind comes once before any comes again. */
final class Schedule {
    private static final int LONGEST_HOLD_MILLIS = 3_000;
    private static final int SHORTEST_HOLD_MILLIS = 150;
    private static final int LONGEST_PAUSE_MILLIS = 1_500;

    private final List<FaultKind> kinds;
    private final double pairs;
    private final Random random;
    private final List<FaultKind> left = new ArrayList<>();

    /**
     * Faults at the same time, and the quiet time before them.
     *
     * @param hold how long what is held is held: a process stopped, a store read-only
     */
    record Step(List<FaultKind> kinds, Duration hold, Duration pause) {}

    /** @param pairs share of steps of two faults at once */
    Schedule(long seed, List<FaultKind> kinds, double pairs) {
        this.kinds = List.copyOf(kinds);
        this.pairs = pairs;
        this.random = new Random(seed);
    }

    Step next() {
        List<FaultKind> chosen = new ArrayList<>();
        chosen.add(draw());
        if (random.nextDouble() < pairs) {
            FaultKind second = draw();
            if (!second.part().equals(chosen.getFirst().part())
                    && !second.alone()
                    && !chosen.getFirst().alone()) {
                chosen.add(second);
            } else {
                left.addFirst(second);
            }
        }
        // Short holds are as telling as long ones: equal chances for each order of magnitude.
        double share = random.nextDouble();
        long hold =
                Math.round(SHORTEST_HOLD_MILLIS * Math.pow(LONGEST_HOLD_MILLIS / (double) SHORTEST_HOLD_MILLIS, share));
        return new Step(
                List.copyOf(chosen),
                Duration.ofMillis(hold),
                Duration.ofMillis(random.nextInt(LONGEST_PAUSE_MILLIS / 3, LONGEST_PAUSE_MILLIS)));
    }

    private FaultKind draw() {
        if (left.isEmpty()) {
            left.addAll(kinds);
            Collections.shuffle(left, random);
        }
        return left.removeLast();
    }
}
