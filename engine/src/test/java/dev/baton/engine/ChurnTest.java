package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.schedule.Goal;
import dev.baton.protocol.v1.Generation;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChurnTest {
    private static final int STEPS = 10_000;

    /** The heap after 2,000 steps is the heap after 10,000: nothing is kept of sequences that have gone. */
    @Test
    void tenThousandStepsOfComingAndGoingLeaveTheHeapFlatAndThePoolIntact() {
        Bench bench = new Bench(Role.BOTH, 96);
        Random random = new Random(11);
        Deque<Generation> alive = new ArrayDeque<>();
        long early = 0;
        int started = 0;
        for (int step = 0; step < STEPS; step++) {
            if (random.nextInt(3) == 0 && alive.size() < 40) {
                Generation generation = Bench.generation(
                                "r" + started,
                                Bench.prompt(started++ % 50, 1 + random.nextInt(40)),
                                1 + random.nextInt(12))
                        .toBuilder()
                        .setDeadlineMs(bench.millis + 1 + random.nextInt(5_000))
                        .build();
                bench.admit(generation, Goal.values()[random.nextInt(Goal.values().length)]);
                alive.add(generation);
            }
            if (alive.size() > 20) {
                leave(bench, alive.poll(), random);
            }
            bench.millis += 3;
            bench.loop.runOnce();
            bench.forget();
            if (step % 500 == 0) {
                bench.loop.checkIntegrity();
            }
            if (step == 2_000) {
                early = usedHeap();
            }
        }
        assertThat(started).isGreaterThan(2_000);
        assertThat(usedHeap() - early).as("growth of the heap in 8,000 steps").isLessThan(1 << 20);
        bench.millis += EngineSettings.Patience.DEFAULT.keep().toMillis();
        alive.forEach(generation -> {
            bench.cancel(generation);
            bench.release(generation);
        });
        bench.settle();
        assertThat(bench.loop.load().freeBlocks() + bench.loop.load().cachedBlocks())
                .isEqualTo(96);
    }

    private static void leave(Bench bench, Generation generation, Random random) {
        if (random.nextBoolean()) {
            bench.arrived(generation, random.nextInt(Bench.VOCAB));
        } else {
            bench.cancel(generation);
        }
        bench.release(generation);
    }

    private static long usedHeap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
