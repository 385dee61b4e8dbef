package dev.baton.gateway.dispatch;

import dev.baton.cluster.lanes.VirtualKafka;
import dev.baton.cluster.requests.VirtualRequests;
import dev.baton.cluster.streams.TokenStreams;
import dev.baton.cluster.streams.VirtualNetwork;
import dev.baton.cluster.tracing.Tracing;
import dev.baton.control.PhaseLimits;
import dev.baton.control.admission.Admission;
import dev.baton.control.admission.Overload;
import dev.baton.control.admission.TtftPredictor;
import dev.baton.control.routing.DisaggPolicy;
import dev.baton.control.routing.FaultLedger;
import dev.baton.control.routing.Placement;
import dev.baton.control.routing.Router;
import dev.baton.control.routing.ServingMode;
import dev.baton.explorer.Life;
import dev.baton.explorer.RedisModel;
import dev.baton.gateway.auth.TenantWeights;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.worker.VirtualWorker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;

/** One life of a gateway: the real dispatcher with all below it, and how it learns of workers. */
public final class VirtualGateway {
    private static final Duration POLL_EVERY = Duration.ofMillis(200);
    private static final int MOST = 4_096;
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Duration LOOK = Duration.ofMillis(100);
    /** The defaults of {@code baton.limits} and {@code baton.dispatch}. */
    private static final PhaseLimits LIMITS = new PhaseLimits(
            Duration.ofSeconds(5),
            Duration.ofMinutes(1),
            Duration.ofMinutes(2),
            Duration.ofSeconds(30),
            Duration.ofSeconds(30),
            6);

    private final Life life;
    private final GatewayRef self;
    private final RedisModel.Client redis;
    private final VirtualLoop loop;
    private final TokenStreams streams;
    private final Admission admission = new Admission(MOST);
    private final Placement placement;
    private final Entrance entrance;
    private final LaneDispatcher dispatcher;
    private final Life.Track polls;

    public VirtualGateway(
            Life life,
            String id,
            long epoch,
            RedisModel redis,
            VirtualKafka kafka,
            VirtualNetwork network,
            UsageSink usage) {
        this.life = life;
        this.self = GatewayRef.newBuilder().setId(id).setEpoch(epoch).build();
        this.redis = redis.client(life.thread("redis"));
        this.loop = new VirtualLoop(life);
        RequestLoops loops = new RequestLoops(List.of(loop));
        this.streams = network.gateway(life, self, loops);
        FaultLedger ledger = new FaultLedger(life.clock(), 3, Duration.ofSeconds(2));
        this.placement = new Placement(
                new Router(new DisaggPolicy(ServingMode.AUTO, 64), Router.Costs.defaults()), this::live, ledger);
        Life.Track looks = life.thread("looks");
        TtftPredictor predictor = new TtftPredictor();
        Overload overload = new Overload(predictor, MOST, MOST / 4);
        this.entrance = new Entrance(
                admission,
                overload,
                predictor,
                placement,
                TenantWeights.EQUAL,
                new Entrance.Waits(PATIENCE, LIMITS.withoutWorkers()),
                life.clock(),
                new OverloadMetrics(overload, new SimpleMeterRegistry()),
                task -> looks.later(LOOK, task));
        this.dispatcher = new LaneDispatcher(
                loops,
                new RequestStore(VirtualRequests.over(this.redis), self, life.clock()),
                new JobPublisher(kafka.producer(life.thread("producer")), self, new Sender(life.thread("work-sender"))),
                streams,
                placement,
                admission,
                entrance,
                new CompletionRecorder(
                        new SimpleMeterRegistry(),
                        usage.events,
                        new RequestViews(loops),
                        new RecomputeAlarm(10, Duration.ofMinutes(1), life::now),
                        Tracing.OFF,
                        life.clock()),
                LIMITS,
                new LaneDispatcher.Ending(() -> {}, Duration.ZERO, Duration.ZERO));
        this.polls = life.thread("worker-registry");
        polls.execute(this::poll);
    }

    /** In the order of their ids, whatever order a map has: the same seed is the same run. */
    private List<WorkerState> live(String model) {
        return streams.workers().stream()
                .filter(state -> state.getModel().equals(model))
                .sorted(Comparator.comparing(
                                (WorkerState state) -> state.getWorker().getId())
                        .thenComparingLong(state -> state.getWorker().getEpoch()))
                .toList();
    }

    private void poll() {
        redis.workers().whenComplete((entries, failure) -> {
            if (failure == null) {
                streams.listed(entries.stream()
                        .map(VirtualWorker::parse)
                        .filter(Objects::nonNull)
                        .toList());
            }
            polls.later(POLL_EVERY, this::poll);
        });
    }

    public Dispatcher dispatcher() {
        return dispatcher;
    }

    public Life life() {
        return life;
    }

    public GatewayRef self() {
        return self;
    }

    /** What is left of all that it had to do, for people; empty for nothing. */
    public String held() {
        StringBuilder left = new StringBuilder();
        say(left, "requests under way", admission.inFlight());
        say(left, "requests on the loop", loop.all().size());
        say(left, "requests that wait for their turn", entrance.waiting());
        say(left, "second attempts", dispatcher.hedges());
        say(left, "workers charged", placement.charged());
        say(left, "workers at work", VirtualNetwork.held(streams));
        return left.isEmpty() ? "" : life.name() + ":" + left;
    }

    private static void say(StringBuilder to, String what, int count) {
        if (count != 0) {
            to.append(' ').append(count).append(' ').append(what).append(';');
        }
    }

    /** A request loop on a virtual thread. */
    private static final class VirtualLoop extends RequestLoops.Loop {
        private final Life.Track thread;
        private boolean ticking;

        VirtualLoop(Life life) {
            super(life.clock());
            this.thread = life.thread("requests");
        }

        @Override
        void run(Runnable task) {
            thread.execute(() -> {
                if (idle()) {
                    rested();
                }
                task.run();
                if (!idle() && !ticking) {
                    ticking = true;
                    thread.later(RequestLoops.TICK, this::next);
                }
            });
        }

        private void next() {
            tick();
            ticking = !idle();
            if (ticking) {
                thread.later(RequestLoops.TICK, this::next);
            }
        }

        @Override
        public void close() {}
    }

    /** Sends on a virtual thread. */
    private static final class Sender extends AbstractExecutorService {
        private final Life.Track thread;

        Sender(Life.Track thread) {
            this.thread = thread;
        }

        @Override
        public void execute(Runnable task) {
            thread.execute(task);
        }

        @Override
        public void shutdown() {}

        @Override
        public List<Runnable> shutdownNow() {
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return true;
        }
    }
}
