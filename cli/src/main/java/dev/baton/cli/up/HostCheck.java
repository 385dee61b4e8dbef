package dev.baton.cli.up;

import dev.baton.cli.CliException;
import dev.baton.cli.doctor.Host;
import dev.baton.stack.Ports;
import java.nio.file.Path;
import java.util.Optional;

/** Refuses a plan that this machine cannot carry, before anything starts. */
final class HostCheck {
    private static final long MIB = 1L << 20;
    /** Heap, code and libtorch of one worker beside weights and KV; the gateway and Kafka take about as much together. */
    private static final long WORKER_BASE = 600 * MIB;

    private static final long REST = 900 * MIB;

    private HostCheck() {}

    static void enough(StackPlan plan) {
        if (!Ports.isFree(plan.port())) {
            throw new CliException(
                    "port " + plan.port() + " is taken: stop what listens there, or choose another with --port");
        }
        long pools = plan.workers() * (plan.kvMebibytes() * MIB);
        Optional<Long> shared = Host.freeBytes(Path.of("/dev/shm"));
        if (shared.isPresent() && shared.get() < pools) {
            throw new CliException(
                    "/dev/shm has %d MiB free and %d workers want %d MiB each: lower --kv-memory, or enlarge /dev/shm"
                            .formatted(shared.get() / MIB, plan.workers(), plan.kvMebibytes()));
        }
        long weights = StackPlan.weightBytes(plan.model());
        long wanted = REST + pools + plan.workers() * (WORKER_BASE + weights + weights / 3);
        Optional<Long> memory = Host.availableMemory();
        if (memory.isPresent() && memory.get() < wanted) {
            throw new CliException(
                    "%d MiB of memory are available and about %d MiB are wanted: lower --prefill, --decode or --kv-memory"
                            .formatted(memory.get() / MIB, wanted / MIB));
        }
    }
}
