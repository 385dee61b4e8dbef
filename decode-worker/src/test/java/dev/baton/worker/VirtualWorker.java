package dev.baton.worker;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.cluster.lanes.VirtualKafka;
import dev.baton.cluster.lanes.VirtualLane;
import dev.baton.cluster.leases.VirtualLease;
import dev.baton.cluster.redis.RedisScripts.Script;
import dev.baton.cluster.registry.WorkerStates;
import dev.baton.cluster.requests.VirtualRequests;
import dev.baton.cluster.streams.TokenStreamServer;
import dev.baton.cluster.streams.VirtualNetwork;
import dev.baton.explorer.KvModel;
import dev.baton.explorer.Life;
import dev.baton.explorer.RedisModel;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Welcome;
import dev.baton.protocol.v1.WorkerState;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** One life of a worker: its node, with the real stream server, claims, queue of records and attempts. */
public final class VirtualWorker {
    private static final Script PUT = Script.read(WorkerStates.class, "put.lua");
    private static final Script REMOVE = Script.read(WorkerStates.class, "remove.lua");
    private static final ClusterNames NAMES = new ClusterNames("baton");
    private static final Duration PUBLISH_EVERY = Duration.ofMillis(200);
    private static final Duration TTL = Duration.ofSeconds(2);
    private static final Duration ATTACH_WITHIN = Duration.ofSeconds(2);
    private static final Duration HUNG_AFTER = Duration.ofMinutes(1);
    private static final Duration DRAIN = Duration.ofSeconds(10);
    private static final Duration KEEP_KV = Duration.ofSeconds(2);

    private final Place place;
    private final Life life;
    private final WorkerIdentity self;
    private final RedisModel.Client redis;
    private final TokenStreamServer streams;
    private final Claims claims;
    private final VirtualEngine engine;
    private final VirtualRole<?> role;
    private final VirtualLease lease;
    private final Life.Track lanes;
    private final Life.Track beats;
    private final Watchdog.Still engineStill;
    private final Watchdog.Still laneStill;
    private @Nullable VirtualLane<?> lane;
    private int laneNumber;
    private boolean draining;
    private boolean replaced;
    private @Nullable WorkerState told;
    private long toldAt;
    private long refusedSince = -1;
    private long drainedBy;

    /**
     * What a worker runs on.
     *
     * @param port of this life's streams
     * @param exact it computes the same as all others
     * @param ends called when it ends by itself
     */
    public record Place(
            WorkerState.Role role,
            RedisModel redis,
            VirtualKafka kafka,
            VirtualNetwork network,
            KvModel kv,
            int port,
            boolean exact,
            Runnable ends) {}

    public VirtualWorker(Place place, Life life, String id, long epoch) {
        this.place = place;
        this.life = life;
        this.self = new WorkerIdentity(id, epoch, place.role());
        this.redis = place.redis().client(life.thread("redis"));
        Welcome welcome =
                Welcome.newBuilder().setWorker(self.ref()).setRole(place.role()).build();
        this.streams = place.network().worker(life, welcome, place.port(), this::cancel);
        Life.Track claiming = life.thread("claims");
        this.claims =
                new Claims(VirtualRequests.over(redis), self, streams, ATTACH_WITHIN, life.clock(), new Claims.Later() {
                    @Override
                    public void after(Duration pause, Runnable task) {
                        claiming.later(pause, task);
                    }

                    @Override
                    public void execute(Runnable task) {
                        claiming.execute(task);
                    }
                });
        StepFrameBatcher frames = new StepFrameBatcher(life.clock(), streams);
        this.engine = new VirtualEngine(place.exact(), life, life.thread("engine"), frames);
        place.kv().serves(self.ref(), life);
        VirtualSequence.Parts parts =
                new VirtualSequence.Parts(life, self, claims, frames, engine, place.kv(), place.exact());
        LaneProducer handoffs = place.kafka().producer(life.thread("producer"));
        this.role = place.role() == WorkerState.Role.PREFILL
                ? VirtualRole.prefill(parts, handoffs)
                : VirtualRole.decode(parts);
        this.lanes = life.thread("lane");
        this.beats = life.thread("heartbeat");
        this.lease = new VirtualLease(redis, life, life.thread("lease"), topic(), self.ref(), this::read);
        this.engineStill = new Watchdog.Still("engine", () -> OptionalLong.of(engine.signsOfLife()), HUNG_AFTER);
        this.laneStill = new Watchdog.Still("lane", this::polls, HUNG_AFTER);
        lease.take();
        beats.execute(this::beat);
        life.thread("watchdog").every(Watchdog.TICK, this::watch);
    }

    private String topic() {
        return role.topic(NAMES);
    }

    private OptionalLong polls() {
        VirtualLane<?> now = lane;
        return now != null && now.reading() ? OptionalLong.of(now.polls()) : OptionalLong.empty();
    }

    private void cancel(String requestId, Attempt attempt) {
        role.cancel(requestId, attempt);
    }

    private void read(int number) {
        laneNumber = number;
        lane = role.read(place.kafka(), number, lease::held, life, lanes, engine, claims);
        life.notes().add("%s holds lane %d", life.name(), number);
        keep();
    }

    /** A lane that was lost is taken anew. */
    private void keep() {
        lanes.later(Duration.ofMillis(500), () -> {
            VirtualLane<?> now = lane;
            if (now != null && !now.reading() && !draining) {
                lane = null;
                lease.take();
            } else if (now != null && now.reading()) {
                keep();
            }
        });
    }

    private void watch() {
        if (engineStill.looksHung() || laneStill.looksHung()) {
            life.notes().add("%s is hung and ends", life.name());
            place.ends().run();
        }
    }

    private void beat() {
        publish();
        beats.later(PUBLISH_EVERY, this::beat);
    }

    private void publish() {
        WorkerState state = state();
        if (state.equals(told) && life.now() - toldAt < TTL.toNanos() / 3) {
            return;
        }
        told = null;
        long asked = life.now();
        String value = Base64.getEncoder().encodeToString(state.toByteArray());
        redis.run(PUT, List.of("baton:worker:" + self.id()), epoch(), value, Long.toString(TTL.toMillis()))
                .whenComplete((answer, failure) -> told(state, asked, answer, failure));
    }

    private void told(WorkerState state, long asked, @Nullable String answer, @Nullable Throwable failure) {
        if (failure != null || answer == null) {
            return;
        }
        if (!answer.equals("0")) {
            refusedSince = -1;
            told = state;
            toldAt = asked;
        } else if (refusedSince < 0) {
            refusedSince = asked;
        } else if (asked - refusedSince > 2 * TTL.toNanos() && !replaced) {
            replaced = true;
            life.notes().add("%s is replaced and ends", life.name());
            place.ends().run();
        }
    }

    private String epoch() {
        return HexFormat.of().toHexDigits(self.epoch());
    }

    /** What an entry of the registry says; null when it says nothing. */
    public static @Nullable WorkerState parse(String entry) {
        try {
            return WorkerState.parseFrom(Base64.getDecoder().decode(entry.substring(entry.indexOf('|') + 1)));
        } catch (InvalidProtocolBufferException e) {
            return null;
        }
    }

    private WorkerState state() {
        RecordQueue.Size waiting = role.waiting();
        return WorkerState.newBuilder()
                .setWorker(self.ref())
                .setRole(self.role())
                .setLane(laneNumber)
                .setHost(self.id())
                .setTokenPort(place.port())
                .setKvPort(place.port())
                .setMachine("machine")
                .setDraining(draining || streams.drained() || polls().isEmpty())
                .setLeaving(draining || streams.drained())
                .setModel("model")
                .setModelFingerprint(1)
                .setMaxContext(100_000)
                .setExact(place.exact())
                .setBlockTokens(VirtualEngine.BLOCK)
                .setBlocks(engine.load().blocks())
                .setFreeBlocks(engine.load().freeBlocks())
                .setQueued(engine.load().queued() + waiting.records())
                .setRunning(engine.load().running())
                .setPlaces(engine.load().places())
                .setQueuedTokens(waiting.tokens())
                .setForLater(engine.load().forLater() + waiting.forLater())
                .setQueuedTokensForLater(engine.load().queuedTokensForLater() + waiting.tokensForLater())
                .setOldestClaimMs(waiting.oldestClaim().toMillis())
                .setCredit(Math.max(4, 64 / Math.max(1, streams.gateways())))
                .setEngineStillMs(engineStill.time().toMillis() / 2_000 * 2_000)
                .setLaneStillMs(laneStill.time().toMillis() / 2_000 * 2_000)
                .build();
    }

    /** As on SIGTERM. */
    public void stop() {
        if (!draining) {
            draining = true;
            drainedBy = life.now() + DRAIN.toNanos();
            publish();
            claims.drain();
            beats.later(Duration.ofMillis(20), this::awaitDrained);
        }
    }

    private void awaitDrained() {
        if (role.activeAttempts() > 0 && life.now() < drainedBy) {
            beats.later(Duration.ofMillis(20), this::awaitDrained);
        } else {
            beats.later(KEEP_KV, this::leave);
        }
    }

    private void leave() {
        VirtualLane<?> now = lane;
        if (now != null) {
            now.close();
        }
        lease.release();
        redis.run(REMOVE, List.of("baton:worker:" + self.id()), epoch());
        beats.later(Duration.ofMillis(5), place.ends());
    }

    /** It reads its lane and is not about to end. */
    public boolean serves() {
        return polls().isPresent() && !draining;
    }

    public Life life() {
        return life;
    }

    public Life.Track engineThread() {
        return engine.thread();
    }

    public Life.Track laneThread() {
        return lanes;
    }

    /**
     * What is left of all that it had to do, for people; empty for nothing.
     *
     * @param kept also what it keeps for gateways
     */
    public String held(boolean kept) {
        VirtualLane<?> now = lane;
        StringBuilder left = new StringBuilder();
        say(left, "attempts" + (life.notes().kept() ? role.attempts() : ""), role.activeAttempts());
        say(left, "in the engine", engine.held());
        say(left, "kept for gateways", kept ? VirtualNetwork.held(streams) : 0);
        say(left, "records that wait", role.waiting().records());
        say(left, "records without an end", now == null ? 0 : now.outstanding());
        if (now != null && !now.done()) {
            left.append(" the lane is not committed to its end;");
        }
        return left.isEmpty() ? "" : life.name() + ":" + left;
    }

    private static void say(StringBuilder to, String what, int count) {
        if (count > 0) {
            to.append(' ').append(count).append(' ').append(what).append(';');
        }
    }
}
