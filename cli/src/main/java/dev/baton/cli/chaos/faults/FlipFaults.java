package dev.baton.cli.chaos.faults;

import static dev.baton.cli.chaos.faults.Proof.applied;
import static dev.baton.cli.chaos.faults.Proof.within;

import dev.baton.cli.bench.PoolFlips;
import dev.baton.cli.bench.StackCounters;
import dev.baton.cli.host.CliException;
import dev.baton.cli.up.LocalStack;
import dev.baton.stack.proxy.FramedFlips;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import tools.jackson.databind.JsonNode;

/** Bits that change in KV: that they were read and counted is the proof, that no answer differs the load's business. */
final class FlipFaults {
    private static final Duration PASSES_WITHIN = Duration.ofSeconds(60);
    private static final Duration COUNTED_WITHIN = Duration.ofSeconds(15);
    private static final Duration QUIET_WITHIN = Duration.ofSeconds(60);
    private static final int FLIPS = 3;
    private static final String FAILED = "baton_transfer_failures_total";
    private static final String DROPPED = "baton_kv_blocks_dropped_total";

    private final LocalStack stack;
    private final StackCounters counters;
    private final Random random;

    FlipFaults(LocalStack stack, StackCounters counters, Random random) {
        this.stack = stack;
        this.counters = counters;
        this.random = random;
    }

    /** One to three bits in one layer of some blocks, three times. */
    Fault moving(FramedFlips flips, int layers) {
        return new Fault() {
            @Override
            public void strike() {
                for (int i = 0; i < FLIPS; i++) {
                    int before = flips.flipped();
                    double counted = counters.sum("", FAILED, "");
                    flips.arm(random.nextInt(1, 4), random.nextInt(layers));
                    applied(within(PASSES_WITHIN, () -> flips.flipped() > before), "no KV moved over TCP");
                    if (!within(COUNTED_WITHIN, () -> counters.sum("", FAILED, "") > counted)) {
                        throw new CliException("KV whose bits changed on its way was read and not counted");
                    }
                }
            }

            @Override
            public void heal() {
                flips.arm(0, 0);
            }
        };
    }

    /**
     * In a moment without requests: what a running sequence computes with is not compared again, and nothing is promised
     * about it.
     */
    Fault cached(Path pools, Path model, Quiet quiet) {
        return new Fault() {
            @Override
            public void strike() {
                double counted = counters.sum("", DROPPED, "where=\"cache\"");
                int flipped = quiet.during(() -> {
                    List<String> workers = stack.pids().keySet().stream()
                            .filter(part -> !part.startsWith("gateway"))
                            .toList();
                    applied(
                            within(QUIET_WITHIN, () -> workers.stream().allMatch(this::rests)),
                            "requests run though nobody asks");
                    int blocks =
                            counters.pool(workers.getFirst()).path("blocks").asInt();
                    return PoolFlips.of(pools, model, blocks).flip(random, 1);
                });
                applied(flipped > 0, "no block was flipped");
                applied(
                        within(PASSES_WITHIN, () -> counters.sum("", DROPPED, "where=\"cache\"") > counted),
                        "no flipped block was read, or none was counted");
            }

            private boolean rests(String worker) {
                JsonNode pool = counters.pool(worker);
                return pool.path("running").asInt(-1) == 0
                        && pool.path("queued").asInt(-1) == 0;
            }

            @Override
            public void heal() {}
        };
    }
}
