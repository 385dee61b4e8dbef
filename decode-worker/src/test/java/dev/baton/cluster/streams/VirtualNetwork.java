package dev.baton.cluster.streams;

import dev.baton.config.ClusterProperties;
import dev.baton.config.StreamProperties;
import dev.baton.explorer.Life;
import dev.baton.explorer.Timeline;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Welcome;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;

/** Token streams of gateways and workers over connections that are made up: in order, as TCP has it, or broken. */
public final class VirtualNetwork {
    static final StreamProperties SETTINGS = new StreamProperties(
            Duration.ofMillis(50),
            Duration.ofSeconds(1),
            Duration.ofMillis(200),
            Duration.ofSeconds(1),
            Duration.ofMillis(10),
            Duration.ofSeconds(1),
            Duration.ofMinutes(1),
            DataSize.ofMegabytes(64),
            65_536);
    private static final ClusterProperties CLUSTER = new ClusterProperties("baton", "", null);

    private final Timeline time;
    private final long seed;
    private final StreamMetrics metrics = new StreamMetrics(new SimpleMeterRegistry());
    private final Map<Integer, Port> ports = new HashMap<>();
    private final Map<String, Cut> cuts = new HashMap<>();
    private final Map<String, Random> randoms = new HashMap<>();
    private final List<VirtualCall> calls = new ArrayList<>();

    public VirtualNetwork(Timeline time, long seed) {
        this.time = time;
        this.seed = seed;
    }

    /** A worker's, while its process lives. */
    record Port(Life life, TokenStreamServer server) {}

    /** What is wrong between a gateway and a worker. */
    public static final class Cut {
        public boolean up;
        public boolean down;
        /** Most milliseconds that a message is held back. */
        public int stall;
    }

    Timeline time() {
        return time;
    }

    @Nullable
    Port port(int port) {
        return ports.get(port);
    }

    /** Names are those of the processes without their life. */
    public Cut cut(String gateway, String worker) {
        return cuts.computeIfAbsent(gateway + ">" + worker, both -> new Cut());
    }

    /** Breaks what is open between the two. */
    public void reset(String gateway, String worker) {
        for (VirtualCall call : List.copyOf(calls)) {
            if (call.between(gateway, worker)) {
                call.breaks();
            }
        }
    }

    /** The process is gone: its connections end. */
    public void gone(Life life) {
        ports.values().removeIf(port -> port.life() == life);
        for (VirtualCall call : List.copyOf(calls)) {
            if (call.of(life)) {
                call.breaks();
            }
        }
    }

    public int open() {
        return calls.size();
    }

    void opened(VirtualCall call) {
        calls.add(call);
    }

    void closed(VirtualCall call) {
        calls.remove(call);
    }

    /** A gateway's side. */
    public TokenStreams gateway(Life life, GatewayRef self, StreamListener listener) {
        StreamLoop loop = loop(life, "token-streams");
        return new TokenStreams(
                self,
                CLUSTER,
                (host, port) -> new VirtualChannel(this, life, host, port, random(life.name() + ">" + host)),
                SETTINGS,
                listener,
                metrics,
                loop);
    }

    /** A worker's side, which listens there at once. */
    public TokenStreamServer worker(Life life, Welcome welcome, int port, StreamHandler handler) {
        TokenStreamServer server =
                new TokenStreamServer(welcome, CLUSTER, SETTINGS, handler, metrics, loop(life, "token-stream-server"));
        server.expireRegularly();
        ports.put(port, new Port(life, server));
        return server;
    }

    private Random random(String of) {
        return randoms.computeIfAbsent(of, name -> new Random(seed * 31 + name.hashCode()));
    }

    private StreamLoop loop(Life life, String name) {
        Life.Track thread = life.thread(name);
        Random random = random(life.name() + name);
        return new StreamLoop() {
            @Override
            public void every(Duration period, Runnable task) {
                thread.every(period, task);
            }

            @Override
            public void later(Duration delay, Runnable task) {
                thread.later(delay, task);
            }

            @Override
            public long nanoTime() {
                return life.now();
            }

            @Override
            public InstantSource clock() {
                return life.clock();
            }

            @Override
            public RandomGenerator random() {
                return random;
            }

            @Override
            public void execute(Runnable task) {
                thread.execute(task);
            }

            @Override
            public void close() {}
        };
    }

    /** What a worker still keeps for gateways: tokens, declines, and waits for them. */
    public static int held(TokenStreamServer server) {
        return server.held();
    }

    /** Workers that have something to do for a gateway, as it thinks. */
    public static int held(TokenStreams streams) {
        return streams.held();
    }
}
