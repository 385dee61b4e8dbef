package dev.baton.cli.chaos.faults;

import dev.baton.cli.host.CliException;
import dev.baton.cli.up.StackPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What must stand before a stack starts so that faults can strike it: proxies before its workers, a pool folder and a Kafka
 * folder that can be filled, processes whose clocks can be moved. What this machine lacks is named, with the reason.
 */
public final class Equipment implements AutoCloseable {
    private static final int KAFKA_MEBIBYTES = 192;
    /** Beside the pools: their locks, and the second pool of a worker whose earlier life is frozen. */
    private static final int SPARE_MEBIBYTES = 8;

    private static final Map<FaultKind, String> THREADS_STOPPED = Map.of(
            FaultKind.HANG_DECODE, "needs Linux, and its ptrace allowed",
            FaultKind.HANG_PREFILL, "needs Linux, and its ptrace allowed");

    private final Path pools;
    private final WorkerLinks links;
    private final List<String> workers;
    /** Of the parts whose clocks can be moved. */
    private final List<String> clocked;

    private final Map<FaultKind, String> missing = new EnumMap<>(FaultKind.class);
    private final Map<FaultKind, SmallFileSystem> small = new EnumMap<>(FaultKind.class);
    private @Nullable SteppedClocks clocks;

    private Equipment(Path pools, WorkerLinks links, List<String> workers, List<String> clocked) {
        this.pools = pools;
        this.links = links;
        this.workers = List.copyOf(workers);
        this.clocked = List.copyOf(clocked);
    }

    /**
     * @param state of the stack
     * @param workers by their names
     * @param clocked parts whose clocks are to move
     * @param kvMebibytes of each worker's pool
     */
    public static Equipment set(
            Path state,
            List<String> workers,
            List<String> clocked,
            int kvMebibytes,
            Collection<FaultKind> kinds,
            long seed) {
        try {
            Path pools = Files.createDirectories(state.resolve("pools"));
            Equipment equipment = new Equipment(pools, WorkerLinks.before(workers, seed), workers, clocked);
            if (kinds.contains(FaultKind.FILL_POOLS)) {
                int mebibytes = (workers.size() + 1) * kvMebibytes + SPARE_MEBIBYTES;
                equipment.mount(FaultKind.FILL_POOLS, pools, mebibytes);
            }
            if (kinds.contains(FaultKind.FILL_KAFKA)) {
                equipment.mount(FaultKind.FILL_KAFKA, state.resolve("kafka"), KAFKA_MEBIBYTES);
            }
            if (kinds.contains(FaultKind.STEP_CLOCK)) {
                equipment.prepareClocks(state);
            }
            if (!StoppedThread.available()) {
                equipment.missing.putAll(THREADS_STOPPED);
            }
            equipment.missing.keySet().retainAll(kinds);
            return equipment;
        } catch (IOException e) {
            throw new CliException("cannot prepare the faults: " + e.getMessage(), e);
        }
    }

    private void mount(FaultKind kind, Path folder, int mebibytes) {
        try {
            small.put(kind, SmallFileSystem.mount(folder, mebibytes));
        } catch (IOException e) {
            missing.put(kind, "needs a tmpfs of its own, which root may mount: " + e.getMessage());
        }
    }

    private void prepareClocks(Path state) {
        Optional<Path> library = SteppedClocks.installed();
        if (library.isPresent()) {
            clocks = new SteppedClocks(library.get(), state);
        } else {
            missing.put(FaultKind.STEP_CLOCK, "needs libfaketime, Debian's package faketime");
        }
    }

    /** Kinds that cannot strike here, and why. */
    public Map<FaultKind, String> missing() {
        return Map.copyOf(missing);
    }

    /** Where the stack's pools are to lie. */
    public Path pools() {
        return pools;
    }

    /** What its parts must be started with. */
    public Map<String, StackPlan.Part> parts() {
        Map<String, StackPlan.Part> parts = new LinkedHashMap<>();
        List<String> names = new ArrayList<>(workers);
        clocked.stream().filter(part -> !names.contains(part)).forEach(names::add);
        SteppedClocks moved = clocks;
        for (String name : names) {
            parts.put(
                    name,
                    new StackPlan.Part(
                            links.settings(name),
                            moved != null && clocked.contains(name) ? moved.environment(name) : Map.of()));
        }
        return parts;
    }

    WorkerLinks links() {
        return links;
    }

    SmallFileSystem small(FaultKind kind) {
        return Optional.ofNullable(small.get(kind)).orElseThrow(() -> notHere(kind));
    }

    SteppedClocks clocks() {
        return Optional.ofNullable(clocks).orElseThrow(() -> notHere(FaultKind.STEP_CLOCK));
    }

    private CliException notHere(FaultKind kind) {
        return new CliException("fault not applied: " + kind.label() + " " + missing.get(kind));
    }

    List<String> clocked() {
        return clocked;
    }

    /** After the stack has ended. */
    @Override
    public void close() {
        links.close();
        small.values().forEach(SmallFileSystem::close);
        if (clocks != null) {
            SteppedClocks.removeLeft(Path.of("/dev/shm"));
        }
    }
}
