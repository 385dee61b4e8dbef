package dev.baton.cluster.leases;

import dev.baton.cluster.redis.RedisScripts.Script;
import dev.baton.explorer.Life;
import dev.baton.explorer.RedisModel;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** Takes a lane and keeps it as {@link LaneLeases} and {@link LaneLease} do, by their scripts and their count of time. */
public final class VirtualLease {
    private static final Script TAKE = Script.read(LaneLeases.class, "take.lua");
    private static final Script RENEW = Script.read(LaneLeases.class, "renew.lua");
    private static final Script RELEASE = Script.read(LaneLeases.class, "release.lua");
    private static final Duration TTL = Duration.ofSeconds(3);
    private static final Duration RENEW_EVERY = Duration.ofMillis(500);
    private static final Duration PAUSE = Duration.ofMillis(50);
    private static final int LANES = 8;

    private final RedisModel.Client redis;
    private final Life life;
    private final Life.Track thread;
    private final String topic;
    private final WorkerRef worker;
    private final String holder;
    private final IntConsumer taken;
    private int lane;
    private @Nullable LeaseTime time;

    /** @param taken hears of each lane that is held from then on */
    public VirtualLease(
            RedisModel.Client redis, Life life, Life.Track thread, String topic, WorkerRef worker, IntConsumer taken) {
        this.redis = redis;
        this.life = life;
        this.thread = thread;
        this.topic = topic;
        this.worker = worker;
        this.holder = worker.getId() + "|" + HexFormat.of().toHexDigits(worker.getEpoch());
        this.taken = taken;
    }

    public boolean held() {
        LeaseTime now = time;
        return now != null && now.held(life.now());
    }

    /** Until one is held. */
    public void take() {
        List<String> last = new ArrayList<>();
        for (int one = 0; one < LANES; one++) {
            last.add(key(one) + ":last");
        }
        redis.values(last).whenComplete((values, failure) -> {
            if (failure != null) {
                thread.later(PAUSE, this::take);
                return;
            }
            List<Attempt> tries = new ArrayList<>();
            int own = values.indexOf(worker.getId());
            for (String mode : own >= 0 ? List.of("") : List.of("unused", "")) {
                for (int one = own >= 0 ? own : 0; one < (own >= 0 ? own + 1 : LANES); one++) {
                    tries.add(new Attempt(one, mode));
                }
            }
            next(tries.iterator());
        });
    }

    private record Attempt(int lane, String mode) {}

    private void next(Iterator<Attempt> tries) {
        if (!tries.hasNext()) {
            thread.later(PAUSE, this::take);
            return;
        }
        Attempt one = tries.next();
        long asked = life.now();
        String key = key(one.lane());
        redis.run(TAKE, List.of(key, key + ":last"), holder, worker.getId(), ttl(), one.mode())
                .whenComplete((answer, failure) -> {
                    if (failure != null) {
                        thread.later(PAUSE, this::take);
                    } else if (answer.equals("1")) {
                        LeaseTime fresh = new LeaseTime(TTL, asked);
                        time = fresh;
                        lane = one.lane();
                        thread.later(RENEW_EVERY, () -> renew(fresh));
                        taken.accept(one.lane());
                    } else {
                        next(tries);
                    }
                });
    }

    private void renew(LeaseTime mine) {
        if (!mine.held(life.now())) {
            mine.end();
            return;
        }
        long asked = life.now();
        redis.run(RENEW, List.of(key(lane)), holder, ttl()).whenComplete((answer, failure) -> {
            if (failure == null && answer.equals("1")) {
                mine.renewed(asked);
            } else if (failure == null) {
                mine.end();
            }
            thread.later(RENEW_EVERY, () -> renew(mine));
        });
    }

    /** Gives it back. */
    public void release() {
        if (held() && time != null) {
            time.end();
            redis.run(RELEASE, List.of(key(lane)), holder);
        }
    }

    private static String ttl() {
        return Long.toString(TTL.toMillis());
    }

    private String key(int one) {
        return "baton:lane:{" + topic + ":" + one + "}";
    }
}
