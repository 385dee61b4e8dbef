package dev.baton.cli.up;

import dev.baton.cli.host.CliException;
import dev.baton.cli.host.Host;
import dev.baton.stack.Ports;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** Refuses a plan that this machine cannot carry, before anything starts. */
final class HostCheck {
    private static final long MIB = 1L << 20;
    /** Heap, code and libtorch of one worker beside weights and KV; a gateway and Kafka take about as much together. */
    private static final long WORKER_BASE = 600 * MIB;

    private static final long REST = 900 * MIB;
    private static final long GATEWAY = 400 * MIB;

    private HostCheck() {}

    /**
     * What the machine has for a plan.
     *
     * @param portTaken the first of the gateways' ports that is; empty when all are free
     * @param poolBytes free where the KV pools are to lie; {@code memoryBytes} to be had; empty where that is unknown
     */
    record Room(OptionalInt portTaken, Optional<Long> poolBytes, Optional<Long> memoryBytes) {
        static Room of(StackPlan plan) {
            return new Room(taken(plan), Host.freeBytes(plan.poolFolder()), Host.availableMemory());
        }
    }

    private static OptionalInt taken(StackPlan plan) {
        return IntStream.range(plan.port(), plan.port() + plan.gateways())
                .filter(port -> !Ports.isFree(port))
                .findFirst();
    }

    static void enough(StackPlan plan) {
        enough(plan, Room.of(plan));
    }

    static void enough(StackPlan plan, Room room) {
        if (room.portTaken().isPresent()) {
            throw new CliException("port " + room.portTaken().getAsInt()
                    + " is taken: stop what listens there, or choose another with --port");
        }
        long pools = plan.workers() * (plan.kvMebibytes() * MIB);
        long poolBytes = room.poolBytes().orElse(Long.MAX_VALUE);
        if (poolBytes < pools) {
            throw new CliException(
                    "%s has %d MiB free and %d workers want %d MiB each: lower --kv-memory, or enlarge %s"
                            .formatted(
                                    plan.poolFolder(),
                                    poolBytes / MIB,
                                    plan.workers(),
                                    plan.kvMebibytes(),
                                    plan.poolFolder()));
        }
        long weights = StackPlan.weightBytes(plan.model());
        long wanted =
                REST + (plan.gateways() - 1) * GATEWAY + pools + plan.workers() * (WORKER_BASE + weights + weights / 3);
        long memory = room.memoryBytes().orElse(Long.MAX_VALUE);
        if (memory < wanted) {
            throw new CliException(
                    "%d MiB of memory are available and about %d MiB are wanted: lower --prefill, --decode or --kv-memory"
                            .formatted(memory / MIB, wanted / MIB));
        }
    }
}
