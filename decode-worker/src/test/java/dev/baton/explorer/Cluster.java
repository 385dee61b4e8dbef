package dev.baton.explorer;

import dev.baton.cluster.lanes.VirtualKafka;
import dev.baton.cluster.streams.VirtualNetwork;
import dev.baton.gateway.dispatch.UsageSink;
import dev.baton.gateway.dispatch.VirtualGateway;
import dev.baton.protocol.v1.WorkerState.Role;
import dev.baton.worker.VirtualWorker;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Two gateways, two prefill and three decode workers with their stores and networks, each in its present life. */
final class Cluster {
    static final List<String> PREFILL = List.of("prefill-0", "prefill-1");
    static final List<String> DECODE = List.of("decode-0", "decode-1", "decode-2");
    static final int GATEWAYS = 2;
    private static final int FIRST_PORT = 10_000;

    final Timeline time = new Timeline();
    final Notes notes;
    final RedisModel redis;
    final VirtualKafka kafka;
    final VirtualNetwork network;
    final KvModel kv;
    final boolean exact;
    private final Random random;
    private final UsageSink usage;
    private final List<Slot<VirtualWorker>> workers = new ArrayList<>();
    private final List<Slot<VirtualGateway>> gateways = new ArrayList<>();
    private int lives;

    /** A place for a process: its present life, and one before it that still lives beside it. */
    static final class Slot<P> {
        final String id;
        final @Nullable Role role;

        @Nullable
        P now;

        @Nullable
        P before;
        /** It is to come back when its process ends by itself. */
        boolean restarts;

        /** The present one, where it is sure to be there. */
        P process() {
            return Objects.requireNonNull(now);
        }

        private Slot(String id, @Nullable Role role) {
            this.id = id;
            this.role = role;
        }
    }

    Cluster(long seed, boolean exact, boolean noted, UsageSink usage) {
        this.random = new Random(seed);
        this.exact = exact;
        this.usage = usage;
        this.notes = new Notes(time, noted);
        this.redis = new RedisModel(time, new Random(seed + 1));
        this.kafka = new VirtualKafka(time, new Random(seed + 2));
        this.network = new VirtualNetwork(time, seed + 3);
        this.kv = new KvModel(time, new Random(seed + 4));
        PREFILL.forEach(id -> workers.add(new Slot<>(id, Role.PREFILL)));
        DECODE.forEach(id -> workers.add(new Slot<>(id, Role.DECODE)));
        workers.forEach(this::startWorker);
        for (int i = 0; i < GATEWAYS; i++) {
            gateways.add(new Slot<>("gateway-" + i, null));
        }
        gateways.forEach(this::startGateway);
    }

    List<Slot<VirtualWorker>> workers() {
        return workers;
    }

    List<Slot<VirtualGateway>> gateways() {
        return gateways;
    }

    private Life life(String id) {
        lives++;
        return new Life(id + "#" + lives, time, new Random(random.nextLong()), notes);
    }

    void startWorker(Slot<VirtualWorker> slot) {
        Life life = life(slot.id);
        notes.add("%s starts", life.name());
        slot.now = new VirtualWorker(
                new VirtualWorker.Place(
                        slot.role == null ? Role.ROLE_UNSPECIFIED : slot.role,
                        redis,
                        kafka,
                        network,
                        kv,
                        FIRST_PORT + lives,
                        exact,
                        () -> endsItself(slot, life)),
                life,
                slot.id,
                random.nextLong());
    }

    private void endsItself(Slot<VirtualWorker> slot, Life life) {
        kill(life);
        if (slot.before != null && slot.before.life() == life) {
            slot.before = null;
        }
        if (slot.now != null && slot.now.life() == life) {
            slot.now = null;
            if (slot.restarts) {
                time.after(500_000_000L, () -> startWorker(slot));
            }
        }
    }

    void startGateway(Slot<VirtualGateway> slot) {
        Life life = life(slot.id);
        notes.add("%s starts", life.name());
        slot.now = new VirtualGateway(life, slot.id, random.nextLong(), redis, kafka, network, usage);
    }

    void kill(Life life) {
        notes.add("%s is gone", life.name());
        life.kill();
        network.gone(life);
        kv.gone(life);
    }

    void freeze(Life life) {
        notes.add("%s stands still", life.name());
        life.freeze();
    }

    void wake(Life life) {
        if (!life.ended()) {
            notes.add("%s wakes", life.name());
            life.wake();
        }
    }

    /** Lives, those beside others too. */
    List<Life> all() {
        List<Life> all = new ArrayList<>();
        for (Slot<VirtualWorker> slot : workers) {
            add(all, slot.now == null ? null : slot.now.life());
            add(all, slot.before == null ? null : slot.before.life());
        }
        for (Slot<VirtualGateway> slot : gateways) {
            add(all, slot.now == null ? null : slot.now.life());
            add(all, slot.before == null ? null : slot.before.life());
        }
        return all;
    }

    private static void add(List<Life> all, @Nullable Life life) {
        if (life != null && !life.ended()) {
            all.add(life);
        }
    }

    /**
     * What is left although nothing is to do, for people; empty for nothing.
     *
     * @param kept also what workers keep for gateways
     */
    String held(boolean kept) {
        StringBuilder left = new StringBuilder();
        for (Slot<VirtualWorker> slot : workers) {
            left.append(slot.now == null ? slot.id + " is not there;" : slot.now.held(kept));
        }
        for (Slot<VirtualGateway> slot : gateways) {
            left.append(slot.now == null ? slot.id + " is not there;" : slot.now.held());
        }
        if (kv.held() > 0) {
            left.append(' ').append(kv.held()).append(" prompts' KV;");
        }
        return left.toString();
    }
}
