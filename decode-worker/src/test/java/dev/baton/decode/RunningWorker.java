package dev.baton.decode;

import static org.awaitility.Awaitility.await;

import dev.baton.cluster.lanes.LaneConsumer.LaneRecord;
import dev.baton.cluster.lanes.LaneProducer;
import dev.baton.cluster.registry.WorkerRegistry;
import dev.baton.cluster.requests.RequestStates;
import dev.baton.cluster.streams.StreamListener;
import dev.baton.cluster.streams.StreamMetrics;
import dev.baton.cluster.streams.TokenStreams;
import dev.baton.cluster.tls.ClusterTls;
import dev.baton.config.ClusterProperties;
import dev.baton.config.StreamProperties;
import dev.baton.engine.Engine;
import dev.baton.protocol.v1.ComputeHere;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Handoff;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.WorkerRef;
import dev.baton.protocol.v1.WorkerState;
import dev.baton.stack.testing.TestStack;
import dev.baton.transfer.KvExchange;
import dev.baton.worker.ModelRuntime;
import dev.baton.worker.ProcessExit;
import dev.baton.worker.WorkerContext;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/** The application in this process, and a gateway that sends it work and hears its tokens. */
final class RunningWorker implements AutoCloseable {
    static final int PROMPT = 20;
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final ConfigurableApplicationContext context;
    private final Heard heard = new Heard();
    private final TokenStreams streams;
    private final String id;
    /** Of this worker alone: gateways of one id would take each other's streams. */
    private final GatewayRef gateway;

    private RunningWorker(ConfigurableApplicationContext context, String id) {
        this.context = context;
        this.id = id;
        this.gateway =
                GatewayRef.newBuilder().setId("gateway-of-" + id).setEpoch(1).build();
        this.streams = connect(context, gateway, heard);
    }

    private static TokenStreams connect(ConfigurableApplicationContext context, GatewayRef gateway, Heard heard) {
        return new TokenStreams(
                gateway,
                new ClusterProperties("baton", "", null),
                ClusterTls.NONE,
                context.getBean(StreamProperties.class),
                heard,
                new StreamMetrics(new SimpleMeterRegistry()));
    }

    static RunningWorker start(TestStack stack, String... settings) {
        String id = "decode-" + UUID.randomUUID();
        List<String> all = new ArrayList<>(List.of(
                "--spring.kafka.bootstrap-servers=" + stack.kafka(),
                "--spring.data.redis.url=" + stack.redis(),
                "--server.port=0",
                "--baton.model.folder=" + Path.of("..", "models", "demo"),
                "--baton.worker.id=" + id,
                "--baton.engine.threads=1",
                "--baton.stream.suspect-after=5s"));
        all.addAll(List.of(settings));
        RunningWorker worker =
                new RunningWorker(new SpringApplicationBuilder(Wiring.class).run(all.toArray(String[]::new)), id);
        worker.context.getBean(WorkerRegistry.class).listen(worker.streams::listed);
        await().atMost(LIMIT)
                .until(() ->
                        worker.streams.live(worker.self()) && !worker.state().getDraining());
        return worker;
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Wiring {
        @Bean(destroyMethod = "")
        CapturingRole role() {
            return new CapturingRole();
        }

        @Bean
        Exits exits() {
            return new Exits();
        }
    }

    /** The decode role, which also shows the model that it works with. */
    static final class CapturingRole extends DecodeRole {
        private @Nullable ModelRuntime captured;
        private volatile String broken = "";

        @Override
        public void take(LaneRecord<Handoff> record) {
            if (broken.equals(record.value().getGeneration().getRequestId())) {
                throw new IllegalStateException("broken by the test");
            }
            super.take(record);
        }

        @Override
        public void start(WorkerContext context, ModelRuntime model, KvExchange exchange) {
            captured = model;
            super.start(context, model, exchange);
        }
    }

    /** Notes that the process would end. */
    static final class Exits implements ProcessExit {
        private final List<Integer> statuses = new CopyOnWriteArrayList<>();

        @Override
        public void exit(int status) {
            statuses.add(status);
        }
    }

    List<Integer> exits() {
        return List.copyOf(context.getBean(Exits.class).statuses);
    }

    Engine engine() {
        return Objects.requireNonNull(context.getBean(CapturingRole.class).captured)
                .engine();
    }

    /** What it last said of itself; nothing, before that. */
    WorkerState state() {
        return context.getBean(WorkerRegistry.class).workers().stream()
                .filter(state -> state.getWorker().getId().equals(id))
                .findFirst()
                .orElse(WorkerState.newBuilder().setDraining(true).build());
    }

    private WorkerRef self() {
        return state().getWorker();
    }

    /** Has it compute a prompt and go on to so many tokens; the request's id. */
    String generate(int tokens) throws Exception {
        Handoff handoff = handoff(tokens).build();
        record(handoff.getGeneration());
        send(handoff);
        return handoff.getGeneration().getRequestId();
    }

    /** A new request of so many tokens. */
    Handoff.Builder handoff(int tokens) {
        Handoff.Builder handoff = Handoff.newBuilder()
                .setCompute(ComputeHere.getDefaultInstance())
                .setWorker(self());
        Generation.Builder generation = handoff.getGenerationBuilder()
                .setRequestId(UUID.randomUUID().toString())
                .setModel(state().getModel())
                .setModelFingerprint(state().getModelFingerprint())
                .addAllPrompt(IntStream.range(10, 10 + PROMPT).boxed().toList())
                .setDeadlineMs(Instant.now().plusSeconds(100).toEpochMilli())
                .setOwner(gateway);
        generation.getAttemptBuilder().setNumber(1).setNonce(9);
        generation.getStoppingBuilder().setMaxTokens(tokens).setIgnoreEos(true);
        return handoff;
    }

    /** As the owner does it. */
    void record(Generation generation) throws Exception {
        requests()
                .create(generation.getRequestId(), generation.getAttempt(), gateway, Duration.ofSeconds(100))
                .toCompletableFuture()
                .get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    }

    RequestStates requests() {
        return context.getBean(RequestStates.class);
    }

    /** Names of the fields that Redis holds of a request: one for each phase that was claimed. */
    List<String> recordedFields(String requestId) {
        String key = context.getBean(ClusterProperties.class).names().key("req:" + requestId);
        return Objects.requireNonNull(context.getBean(ReactiveStringRedisTemplate.class)
                .<String, String>opsForHash()
                .keys(key)
                .collectList()
                .block(LIMIT));
    }

    void send(Handoff handoff) {
        context.getBean(LaneProducer.class).send(state().getLane(), handoff);
    }

    /** Waits for its answer to a request that it does not work on. */
    Decline declined(String request) {
        return declined(heard, request);
    }

    private static Decline declined(Heard heard, String request) {
        return await().atMost(LIMIT)
                .until(
                        () -> heard.declined.stream()
                                .filter(decline -> decline.getRequestId().equals(request))
                                .findFirst()
                                .orElse(Decline.getDefaultInstance()),
                        decline -> decline.getRequestId().equals(request));
    }

    /** The end of a request, as its gateway has heard it; null before that. */
    @Nullable
    Progress ended(String request) {
        return heard.progress.stream()
                .filter(progress -> progress.getRequestId().equals(request) && progress.hasFinish())
                .findFirst()
                .orElse(null);
    }

    /** Another gateway comes and waits for what it is told of a request. */
    Decline declined(GatewayRef late, String request) {
        Heard its = new Heard();
        try (TokenStreams stream = connect(context, late, its)) {
            context.getBean(WorkerRegistry.class).listen(stream::listed);
            return declined(its, request);
        }
    }

    /** How many records it has declined for that reason. */
    double declines(String reason) {
        return context.getBean(MeterRegistry.class)
                .get("baton.stream.declines")
                .tag("reason", reason)
                .counter()
                .count();
    }

    /** Attempts that are here. */
    int activeAttempts() {
        return context.getBean(CapturingRole.class).activeAttempts();
    }

    double gauge(String name) {
        return context.getBean(MeterRegistry.class).get(name).gauge().value();
    }

    /** Has the role throw for this request, as a bug would. */
    void breakOn(String request) {
        context.getBean(CapturingRole.class).broken = request;
    }

    /** Begins to end, as on SIGTERM, on another thread. */
    Thread stopInBackground() {
        return Thread.ofVirtual().start(this::stop);
    }

    /** As the owner gives it up. */
    void cancel(Generation generation) {
        streams.cancel(self(), generation.getRequestId(), generation.getAttempt());
    }

    /** All that it was told of a request. */
    List<Progress> heard(String request) {
        return heard.progress.stream()
                .filter(progress -> progress.getRequestId().equals(request))
                .toList();
    }

    int tokens(String request) {
        return heard.progress.stream()
                .filter(progress -> progress.getRequestId().equals(request))
                .mapToInt(Progress::getTokensCount)
                .sum();
    }

    Progress last(String request) {
        return heard.progress.stream()
                .filter(progress -> progress.getRequestId().equals(request))
                .reduce((first, second) -> second)
                .orElse(Progress.getDefaultInstance());
    }

    /** What SIGTERM does. */
    void stop() {
        context.close();
    }

    @Override
    public void close() {
        stop();
        streams.close();
    }

    /** An operator's wish. */
    void drain(boolean draining) {
        streams.drain(self(), draining);
    }

    /** Whether its gateway has heard that it leaves. */
    boolean toldToLeave() {
        return heard.leaves;
    }

    private static final class Heard implements StreamListener {
        private volatile boolean leaves;
        private final List<Decline> declined = new CopyOnWriteArrayList<>();
        private final List<Progress> progress = new CopyOnWriteArrayList<>();

        @Override
        public void connected(WorkerRef worker, boolean again) {}

        @Override
        public void suspect(WorkerRef worker, String why) {}

        @Override
        public void dead(WorkerRef worker, String why) {}

        @Override
        public void leaving(WorkerRef worker) {
            leaves = true;
        }

        @Override
        public void declined(WorkerRef worker, Decline decline) {
            declined.add(decline);
        }

        @Override
        public void progress(WorkerRef worker, List<Progress> frame) {
            progress.addAll(frame);
        }
    }
}
