package dev.baton.explorer;

import dev.baton.cluster.streams.VirtualNetwork.Cut;
import dev.baton.explorer.Cluster.Slot;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.gateway.dispatch.VirtualGateway;
import dev.baton.protocol.v1.Failure;
import dev.baton.worker.VirtualWorker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What fails, when, and for how long. A fault is over when the part serves again. */
final class Faults {
    private static final long CHECK = 50_000_000L;
    private static final long JUST_NOW = 3_000_000_000L;
    private static final long LONGEST_END = 20_000_000_000L;

    /** What can be done to a cluster. */
    enum Kind {
        KILL_WORKER,
        FREEZE_WORKER,
        TWO_LIVES_OF_WORKER,
        DRAIN_WORKER,
        HANG_ENGINE,
        HANG_LANE,
        KILL_GATEWAY,
        FREEZE_GATEWAY,
        TWO_LIVES_OF_GATEWAY,
        RESET_STREAM,
        MUTE_STREAM,
        STALL_STREAM,
        MUTE_KV,
        REDIS_AWAY,
        REDIS_FROZEN,
        REDIS_EMPTY,
        REDIS_READ_ONLY,
        REDIS_SLOW,
        REDIS_LOSSY,
        KAFKA_AWAY,
        KAFKA_LOSSY,
        STEP_CLOCK
    }

    private final Cluster cluster;
    private final Random random;
    private final Consumer<Life> gatewayGone;
    private final Consumer<Life> gatewayStill;
    private final Map<Kind, Integer> done = new EnumMap<>(Kind.class);
    private final List<Long> blows = new ArrayList<>();
    private int active;
    private int stores;
    private long calmSince;

    /**
     * @param gatewayGone hears of a gateway that was killed
     * @param gatewayStill hears of a gateway that stands still longer than its leases
     */
    Faults(Cluster cluster, Random random, Consumer<Life> gatewayGone, Consumer<Life> gatewayStill) {
        this.cluster = cluster;
        this.random = random;
        this.gatewayGone = gatewayGone;
        this.gatewayStill = gatewayStill;
    }

    void later(Duration delay, Runnable task) {
        cluster.time.after(delay.toNanos(), task);
    }

    boolean calm() {
        return active == 0;
    }

    long calmSince() {
        return calmSince;
    }

    Map<Kind, Integer> done() {
        return done;
    }

    /** One, somewhere. */
    void strike() {
        strike(Kind.values()[random.nextInt(Kind.values().length)]);
    }

    void strike(Kind kind) {
        boolean struck = switch (kind) {
            case KILL_WORKER -> killWorker();
            case FREEZE_WORKER -> freezeWorker();
            case TWO_LIVES_OF_WORKER -> twoLivesOfWorker();
            case DRAIN_WORKER -> drainWorker();
            case HANG_ENGINE -> hang(true);
            case HANG_LANE -> hang(false);
            case KILL_GATEWAY -> killGateway();
            case FREEZE_GATEWAY -> freezeGateway();
            case TWO_LIVES_OF_GATEWAY -> twoLivesOfGateway();
            case RESET_STREAM -> resetStream();
            case MUTE_STREAM -> muteStream();
            case STALL_STREAM -> stallStream();
            case MUTE_KV -> muteKv();
            case REDIS_AWAY -> store(kind, () -> cluster.redis.away = true, () -> cluster.redis.away = false);
            case REDIS_FROZEN -> store(kind, () -> cluster.redis.frozen = true, cluster.redis::wake);
            case REDIS_EMPTY -> store(kind, cluster.redis::flush, () -> {});
            case REDIS_READ_ONLY ->
                store(kind, () -> cluster.redis.readOnly = true, () -> cluster.redis.readOnly = false);
            case REDIS_SLOW ->
                store(kind, () -> cluster.redis.slow = 50 + random.nextInt(1_000), () -> cluster.redis.slow = 0);
            case REDIS_LOSSY ->
                store(kind, () -> cluster.redis.lossy = 5 + random.nextInt(40), () -> cluster.redis.lossy = 0);
            case KAFKA_AWAY -> store(kind, () -> cluster.kafka.away(true), () -> cluster.kafka.away(false));
            case KAFKA_LOSSY ->
                store(kind, () -> cluster.kafka.lossy(5 + random.nextInt(40)), () -> cluster.kafka.lossy(0));
            case STEP_CLOCK -> stepClock();
        };
        if (struck) {
            done.merge(kind, 1, Integer::sum);
        }
    }

    private void begins(String format, Object... what) {
        active++;
        cluster.notes.add("FAULT " + format, what);
    }

    /** Over once this holds. */
    private void ends(BooleanSupplier serves) {
        long from = cluster.time.now();
        await(from, serves);
    }

    private void await(long from, BooleanSupplier serves) {
        if (serves.getAsBoolean()) {
            active--;
            if (active == 0) {
                calmSince = cluster.time.now();
                cluster.notes.add("calm");
            }
        } else if (cluster.time.now() - from > LONGEST_END) {
            cluster.notes.wrong("what was struck does not serve again");
        } else {
            cluster.time.after(CHECK, () -> await(from, serves));
        }
    }

    private Duration millis(int from, int to) {
        return Duration.ofMillis(from + random.nextInt(to - from));
    }

    private @Nullable Slot<VirtualWorker> worker() {
        Slot<VirtualWorker> slot =
                cluster.workers().get(random.nextInt(cluster.workers().size()));
        return slot.now == null || slot.now.life().frozen() || !slot.now.serves() ? null : slot;
    }

    private @Nullable Slot<VirtualGateway> gateway() {
        Slot<VirtualGateway> slot = cluster.gateways().get(random.nextInt(Cluster.GATEWAYS));
        return slot.now == null || slot.now.life().frozen() ? null : slot;
    }

    private static boolean serves(Slot<VirtualWorker> slot) {
        return slot.now != null && slot.now.serves() && !slot.now.life().frozen();
    }

    private void blow() {
        blows.add(cluster.time.now());
    }

    private boolean killWorker() {
        Slot<VirtualWorker> slot = worker();
        if (slot == null) {
            return false;
        }
        VirtualWorker dies = slot.process();
        begins("%s is killed", dies.life().name());
        blow();
        cluster.kill(dies.life());
        slot.now = null;
        later(millis(100, 2_500), () -> {
            cluster.startWorker(slot);
            ends(() -> serves(slot));
        });
        return true;
    }

    private boolean freezeWorker() {
        Slot<VirtualWorker> slot = worker();
        if (slot == null) {
            return false;
        }
        Life life = slot.process().life();
        Duration lasts = random.nextBoolean() ? millis(100, 1_500) : millis(1_500, 7_000);
        begins("%s is frozen for %s", life.name(), lasts);
        blow();
        cluster.freeze(life);
        slot.restarts = true;
        later(lasts, () -> {
            cluster.wake(life);
            ends(() -> serves(slot));
        });
        return true;
    }

    private boolean twoLivesOfWorker() {
        Slot<VirtualWorker> slot = worker();
        if (slot == null || slot.before != null || stores > 0) {
            return false;
        }
        VirtualWorker old = slot.process();
        begins("%s is frozen and started again", old.life().name());
        blow();
        cluster.freeze(old.life());
        slot.before = old;
        slot.now = null;
        slot.restarts = true;
        later(millis(50, 3_000), () -> cluster.startWorker(slot));
        later(millis(3_000, 9_000), () -> {
            cluster.wake(old.life());
            later(Duration.ofMillis(500), () -> {
                // As whoever started the second would, once it sees two.
                if (!old.life().ended()) {
                    blow();
                    cluster.kill(old.life());
                }
                slot.before = null;
                ends(() -> serves(slot));
            });
        });
        return true;
    }

    private boolean drainWorker() {
        Slot<VirtualWorker> slot = worker();
        if (slot == null) {
            return false;
        }
        begins("%s is asked to end", slot.process().life().name());
        blow();
        Life ending = slot.process().life();
        slot.restarts = true;
        slot.process().stop();
        ends(() -> ending.ended() && serves(slot));
        return true;
    }

    private boolean hang(boolean engine) {
        Slot<VirtualWorker> slot = worker();
        if (slot == null) {
            return false;
        }
        VirtualWorker hangs = slot.process();
        Life.Track thread = engine ? hangs.engineThread() : hangs.laneThread();
        if (thread.hung()) {
            return false;
        }
        begins("%s: a thread hangs", hangs.life().name());
        blow();
        thread.hang();
        later(millis(100, 12_000), () -> {
            thread.goOn();
            ends(() -> serves(slot));
        });
        return true;
    }

    private boolean killGateway() {
        Slot<VirtualGateway> slot = gateway();
        if (slot == null) {
            return false;
        }
        Life dies = slot.process().life();
        begins("%s is killed", dies.name());
        cluster.kill(dies);
        slot.now = null;
        gatewayGone.accept(dies);
        later(millis(100, 3_000), () -> {
            cluster.startGateway(slot);
            ends(() -> true);
        });
        return true;
    }

    private boolean freezeGateway() {
        Slot<VirtualGateway> slot = gateway();
        if (slot == null) {
            return false;
        }
        Life life = slot.process().life();
        Duration lasts = random.nextBoolean() ? millis(50, 1_500) : millis(1_500, 8_000);
        begins("%s is frozen for %s", life.name(), lasts);
        cluster.freeze(life);
        if (cluster.exact && lasts.toMillis() > 2_600) {
            later(Duration.ofMillis(2_500), () -> gatewayStill.accept(life));
        }
        later(lasts, () -> {
            cluster.wake(life);
            ends(() -> true);
        });
        return true;
    }

    private boolean twoLivesOfGateway() {
        Slot<VirtualGateway> slot = gateway();
        if (slot == null || slot.before != null) {
            return false;
        }
        VirtualGateway old = slot.process();
        begins("%s is frozen and started again", old.life().name());
        cluster.freeze(old.life());
        gatewayGone.accept(old.life());
        slot.before = old;
        slot.now = null;
        later(millis(50, 4_000), () -> cluster.startGateway(slot));
        later(millis(4_000, 9_000), () -> {
            cluster.wake(old.life());
            later(millis(200, 2_000), () -> {
                cluster.kill(old.life());
                slot.before = null;
                ends(() -> true);
            });
        });
        return true;
    }

    private String anyGateway() {
        return cluster.gateways().get(random.nextInt(Cluster.GATEWAYS)).id;
    }

    private String anyWorker() {
        return cluster.workers().get(random.nextInt(cluster.workers().size())).id;
    }

    private boolean resetStream() {
        String gateway = anyGateway();
        String worker = anyWorker();
        begins("the stream of %s and %s breaks", gateway, worker);
        cluster.network.reset(gateway, worker);
        ends(() -> true);
        return true;
    }

    private boolean muteStream() {
        String gateway = anyGateway();
        String worker = anyWorker();
        Cut cut = cluster.network.cut(gateway, worker);
        if (cut.up || cut.down) {
            return false;
        }
        int ways = random.nextInt(3);
        begins("%s and %s do not hear each other, %d", gateway, worker, ways);
        blow();
        cut.up = ways != 0;
        cut.down = ways != 1;
        later(millis(100, 6_000), () -> {
            cut.up = false;
            cut.down = false;
            cluster.network.reset(gateway, worker);
            ends(() -> true);
        });
        return true;
    }

    private boolean stallStream() {
        Cut cut = cluster.network.cut(anyGateway(), anyWorker());
        begins("messages are late");
        cut.stall = 50 + random.nextInt(600);
        later(millis(200, 5_000), () -> {
            cut.stall = 0;
            later(Duration.ofMillis(700), () -> ends(() -> true));
        });
        return true;
    }

    private boolean muteKv() {
        String prefill = Cluster.PREFILL.get(random.nextInt(Cluster.PREFILL.size()));
        String decode = Cluster.DECODE.get(random.nextInt(Cluster.DECODE.size()));
        boolean there = random.nextBoolean();
        String from = there ? prefill : decode;
        String to = there ? decode : prefill;
        begins("KV does not move from %s to %s", from, to);
        cluster.kv.cut(from, to, true);
        later(millis(100, 6_000), () -> {
            cluster.kv.cut(from, to, false);
            ends(() -> true);
        });
        return true;
    }

    private boolean store(Kind kind, Runnable begin, Runnable end) {
        if (stores > 0 || twoLives()) {
            return false;
        }
        begins("%s", kind);
        stores++;
        begin.run();
        later(millis(100, 5_000), () -> {
            end.run();
            stores--;
            ends(() -> cluster.workers().stream().allMatch(slot -> slot.now == null || slot.now.serves()));
        });
        return true;
    }

    /**
     * A worker's lane and its entry may go to two lives then, and what the older one reads is declined to nobody: it is not
     * promised to be noticed soon.
     */
    private boolean twoLives() {
        return cluster.workers().stream().anyMatch(slot -> slot.before != null);
    }

    private boolean stepClock() {
        List<Life> all = cluster.all();
        Life life = all.get(random.nextInt(all.size()));
        Duration by = switch (random.nextInt(3)) {
            case 0 -> Duration.ofSeconds(31);
            case 1 -> Duration.ofMinutes(10);
            default -> Duration.ofHours(-1);
        };
        begins("the clock of %s is stepped by %s", life.name(), by);
        life.stepClock(by);
        ends(() -> true);
        return true;
    }

    /** Whether a request may end so: its deadline has passed, or as many workers have died as make it a suspect. */
    boolean excuse(Ask ask, Failure failure) {
        long now = cluster.time.now();
        return switch (failure.getCode()) {
            case DEADLINE_EXCEEDED -> ask.late(now);
            case ENGINE_FAILED ->
                failure.getMessage().contains("workers died")
                        && blows.stream().filter(at -> at >= ask.askedAt()).count() >= 3;
            default -> false;
        };
    }

    /** Whether a request may be refused so. */
    boolean excuses(Rejection rejection, int run) {
        boolean struck = active > 0 || cluster.time.now() - calmSince < JUST_NOW;
        return run == 1
                && switch (rejection.reason()) {
                    // A gateway that was frozen may wake to a time that has run out.
                    case STATE_UNAVAILABLE, NO_WORKERS -> struck;
                    default -> false;
                };
    }
}
