package dev.baton.gateway.resume;

import static dev.baton.gateway.resume.TestGateway.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.answers.RedisAnswers;
import dev.baton.cluster.answers.StoredAnswer;
import dev.baton.control.GenerationRequest;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.answer.ServedModel;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.gateway.resume.ChoiceLogTest.Heard;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.protocol.ClusterNames;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import dev.baton.tokenizer.ModelTokenizer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/** Answers of two gateways on a real Redis: what each may write, and what readers at both get. */
@WithStack
@Timeout(60)
class ResumableAnswersTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final ClusterNames NAMES = new ClusterNames("baton");

    private final String tenant = "tenant-" + UUID.randomUUID();
    private final List<TestGateway> gateways = new ArrayList<>();
    private ModelTokenizer tokenizer;
    private LettuceConnectionFactory connections;
    private ReactiveStringRedisTemplate redis;
    private RedisAnswers store;
    private ServedModel model;

    @BeforeEach
    void connect(TestStack stack) throws Exception {
        connections = new LettuceConnectionFactory(
                stack.redis().getHost(), stack.redis().getPort());
        connections.afterPropertiesSet();
        connections.start();
        redis = new ReactiveStringRedisTemplate(connections);
        store = new RedisAnswers(redis, NAMES, LONG);
        tokenizer = ModelTokenizer.open(Path.of("..", "models", "demo"));
        model = new ServedModel("model-" + UUID.randomUUID(), tokenizer, 1_000, Sampling.getDefaultInstance(), 0);
    }

    @AfterEach
    void disconnect() {
        gateways.forEach(TestGateway::close);
        connections.destroy();
        tokenizer.close();
    }

    private TestGateway gateway(int bits, boolean exact) {
        TestGateway gateway = new TestGateway("g" + gateways.size(), store, model, new Computing(bits, exact));
        gateways.add(gateway);
        return gateway;
    }

    @Test
    void anOrphanGoesOnWithoutAnyClient() throws Exception {
        TestGateway owner = gateway(100, true);
        TestGateway survivor = gateway(100, true);
        KeptAnswer answer = owner.create(request(), "");
        owner.workers.last().make(5);
        await().atMost(LONG).until(() -> stored(answer) == 5);
        owner.freeze();

        takeOver(survivor);
        assertThat(survivor.workers.last().from).isEqualTo(5);
        survivor.workers.last().make(4);
        survivor.workers.last().finish();
        await().atMost(LONG).until(() -> !survivor.settled.isEmpty());
        assertThat(survivor.settled).containsExactly("g1 in the end: served 9");
        assertThat(whatAClientGets(gateway(0, true), answer)).isEqualTo(tokens(100, 0, 9, "finished LENGTH"));
    }

    @Test
    void anOwnerThatWakesLateWritesNothingAndItsReadersGetWhatTheNewOneStores() throws Exception {
        TestGateway owner = gateway(100, false);
        TestGateway survivor = gateway(500, false);
        KeptAnswer answer = owner.create(request(), "");
        Heard heard = read(answer);
        owner.workers.last().make(5);
        await().atMost(LONG).until(() -> heard.calls.size() == 6);

        CountDownLatch frozen = owner.freeze();
        owner.workers.last().make(3);
        takeOver(survivor);
        survivor.workers.last().make(2);
        await().atMost(LONG).until(() -> stored(answer) == 7);
        assertThat(heard.calls).as("what is not stored is not read").hasSize(6);

        frozen.countDown();
        await().atMost(LONG).until(() -> !owner.owns(answer));
        owner.workers.last().make(3);
        owner.workers.last().finish();
        owner.tick();
        survivor.workers.last().make(2);
        survivor.workers.last().finish();

        List<String> one = Stream.of(tokens(100, 0, 5), tokens(500, 5, 9, "finished LENGTH"))
                .flatMap(List::stream)
                .toList();
        await().atMost(LONG).untilAsserted(() -> assertThat(heard.calls).endsWith("finished LENGTH"));
        assertThat(withoutAdmitted(heard)).isEqualTo(one);
        assertThat(whatAClientGets(gateway(0, true), answer)).isEqualTo(one);
        assertThat(owner.workers.runs)
                .singleElement()
                .satisfies(run -> assertThat(run.calls).containsExactly("start", "handed over"));
        assertThat(owner.settled).containsExactly("asked: handed over 8");
        assertThat(survivor.settled).containsExactly("g1 in the end: served 9");
    }

    @Test
    void whatWaitsForItsRequestsStateDoesNotBeginAfterItsOwnerWasReplaced() throws Exception {
        TestGateway owner = gateway(100, true);
        TestGateway slow = gateway(100, true);
        TestGateway quick = gateway(100, true);
        KeptAnswer answer = owner.create(request(), "");
        owner.workers.last().make(5);
        await().atMost(LONG).until(() -> stored(answer) == 5);
        owner.freeze();
        CompletableFuture<Void> adopted = new CompletableFuture<>();
        slow.workers.adoptWhen(adopted);
        await().atMost(LONG).until(() -> {
            slow.tick();
            return slow.answers.running() == 1;
        });
        KeptAnswer late = slow.open(answer);
        CountDownLatch frozen = slow.freeze();
        takeOver(quick);
        frozen.countDown();
        slow.tick();
        assertThat(late.lose(Objects.requireNonNull(late.owned())))
                .as("as its next write would tell it")
                .isTrue();
        adopted.complete(null);
        assertThat(slow.workers.last().calls).isEmpty();
    }

    @Test
    void aReaderElsewhereGetsAllThoughRedisWasEmptied() throws Exception {
        readsOnThrough(
                () -> redis.keys("*" + tenant + "*").flatMap(redis::delete).blockLast(LONG));
    }

    @Test
    void aReaderElsewhereGetsAllThoughRedisHasLostTheLeases() throws Exception {
        readsOnThrough(() -> redis.delete(leases()).block(LONG));
    }

    private void readsOnThrough(Runnable fault) throws Exception {
        TestGateway owner = gateway(100, true);
        TestGateway other = gateway(0, true);
        KeptAnswer answer = owner.create(request(), "");
        Heard heard = read(other.open(answer));
        for (int i = 1; i <= 30; i++) {
            owner.workers.last().make(1);
            int made = i;
            await().atMost(LONG).pollInterval(Duration.ofMillis(1)).until(() -> stored(answer) == made);
        }
        await().atMost(LONG).until(() -> heard.calls.size() == 31);
        fault.run();
        owner.tick();
        await().atMost(LONG)
                .until(() -> Boolean.TRUE.equals(redis.hasKey(leases()).block(LONG)));
        owner.workers.last().make(3);
        await().atMost(LONG).until(() -> stored(answer) == 33);
        owner.workers.last().make(1);
        owner.workers.last().finish();
        await().atMost(LONG).untilAsserted(() -> assertThat(heard.calls).endsWith("finished LENGTH"));
        assertThat(withoutAdmitted(heard)).isEqualTo(tokens(100, 0, 34, "finished LENGTH"));
        assertThat(whatAClientGets(gateway(0, true), answer)).isEqualTo(tokens(100, 0, 34, "finished LENGTH"));
    }

    @Test
    void anEndThatRedisDoesNotTakeIsSaidAgainAndCountsOnce() throws Exception {
        TestGateway owner = gateway(100, true);
        TestGateway other = gateway(100, true);
        KeptAnswer answer = owner.create(request(), "");
        owner.workers.last().make(5);
        await().atMost(LONG).until(() -> stored(answer) == 5);
        String sizes = NAMES.key("answers:{" + tenant + "}:bytes");
        redis.delete(sizes).block(LONG);
        redis.opsForValue()
                .set(sizes, "no hash, so that the script of the end fails")
                .block(LONG);

        owner.workers.last().finish();
        await().during(TestGateway.LEASE.multipliedBy(2)).atMost(LONG).until(() -> {
            owner.tick();
            other.tick();
            return owner.settled.isEmpty() && owner.owns(answer) && other.answers.running() == 0;
        });
        redis.delete(sizes).block(LONG);
        await().atMost(LONG).until(() -> owner.settled.equals(List.of("asked: served 5")));
        assertThat(get(store.read(answer.key(), 0, false, LONG)).orElseThrow().ended())
                .isTrue();
        assertThat(owner.answers.running()).isZero();
        other.tick();
        assertThat(get(store.orphans(model.name(), 9))).isEmpty();
        assertThat(other.settled).isEmpty();
    }

    @Test
    void aRetryThatWaitsElsewhereHearsTheSameRejection() throws Exception {
        TestGateway owner = gateway(100, true);
        TestGateway other = gateway(100, true);
        owner.create(request(), "K");
        Heard heard = read(other.create(request(), "K"));
        Rejection rejection = new Rejection(Rejection.Reason.SERVER_OVERLOADED, "too many", Duration.ofSeconds(3));
        owner.workers.last().sink.rejected(rejection);
        await().atMost(Duration.ofSeconds(5)).until(() -> !heard.rejections.isEmpty());
        assertThat(heard.rejections).containsExactly(rejection);
        assertThat(owner.settled).containsExactly("asked: not served 0");
        other.create(request(), "K");
        assertThat(other.workers.runs).as("the key begins another answer").hasSize(1);
    }

    @Test
    void anAnswerThatNobodyReadsEndsWhenItsKeepHas() throws Exception {
        TestGateway owner = gateway(100, true);
        KeptAnswer unread = owner.create(request(), "");
        Computing.Run unreadRun = owner.workers.last();
        KeptAnswer elsewhere = owner.create(request(), "");
        Computing.Run elsewhereRun = owner.workers.last();
        get(store.read(elsewhere.key(), 0, false, TestGateway.KEEP));
        KeptAnswer here = owner.create(request(), "");
        Heard heard = read(here);
        unreadRun.make(2);

        owner.passes(TestGateway.KEEP.minusSeconds(10));
        owner.tick();
        owner.passes(Duration.ofSeconds(11));
        owner.tick();
        await().atMost(LONG).until(() -> !owner.settled.isEmpty());
        assertThat(unreadRun.calls).containsExactly("start", "cancel");
        assertThat(owner.settled).containsExactly("asked: served 2");
        assertThat(read(unread).calls).endsWith("failed CANCELLED");
        assertThat(elsewhereRun.calls).as("read at another gateway").containsExactly("start");
        assertThat(heard.calls).as("read here").doesNotContain("failed CANCELLED");
        assertThat(owner.answers.running()).isEqualTo(2);
    }

    @Test
    void aReaderThatComesAsTheLastOneIsGivenUpGetsTheRest() throws Exception {
        TestGateway owner = gateway(100, true);
        TestGateway other = gateway(0, true);
        KeptAnswer answer = owner.create(request(), "");
        KeptAnswer unread = other.open(answer);
        assertThat(other.follows(unread)).isTrue();
        owner.workers.last().make(2);
        await().atMost(LONG).until(() -> stored(answer) == 2);
        other.passes(Duration.ofSeconds(30));
        await().atMost(LONG).until(() -> !other.follows(unread));
        Heard heard = read(other.open(answer));
        owner.workers.last().make(1);
        owner.workers.last().finish();
        await().atMost(LONG).untilAsserted(() -> assertThat(heard.calls).endsWith("finished LENGTH"));
        assertThat(withoutAdmitted(heard)).isEqualTo(tokens(100, 0, 3, "finished LENGTH"));
    }

    private static void takeOver(TestGateway survivor) {
        await().atMost(LONG).until(() -> {
            survivor.tick();
            return !survivor.workers.runs.isEmpty()
                    && survivor.workers.last().calls.contains("start");
        });
    }

    /** Tokens of the answer that Redis has, 0 when it has no such answer. */
    private int stored(KeptAnswer answer) throws Exception {
        StoredAnswer read = get(store.read(answer.key(), 0, false, LONG)).orElse(null);
        List<Integer> tokens = new ArrayList<>();
        if (read != null) {
            LogCodec.read(read.log(), record -> tokens.addAll(record.getTokensList()));
        }
        return tokens.size();
    }

    private String leases() {
        return NAMES.key("answers:leases:" + model.name());
    }

    private static Heard read(KeptAnswer answer) {
        Heard heard = new Heard();
        new LogReader(answer, 0, heard, true).start();
        return heard;
    }

    private static List<String> whatAClientGets(TestGateway gateway, KeptAnswer answer) throws Exception {
        Heard heard = read(gateway.open(answer));
        await().atMost(LONG).until(() -> heard.calls.stream().anyMatch(call -> call.startsWith("f")));
        return withoutAdmitted(heard);
    }

    private static List<String> withoutAdmitted(Heard heard) {
        return heard.calls.stream().filter(call -> !call.equals("admitted")).toList();
    }

    private static List<String> tokens(int bits, int from, int to, String... end) {
        return Stream.concat(IntStream.range(from, to).mapToObj(index -> index + ":" + (bits + index)), Stream.of(end))
                .toList();
    }

    private PreparedRequest request() {
        GenerationRequest generation = new GenerationRequest(
                "r-" + UUID.randomUUID(),
                tenant,
                model.name(),
                new int[] {1},
                Sampling.getDefaultInstance(),
                Stopping.newBuilder().setMaxTokens(1_000).setIgnoreEos(true).build(),
                0,
                Instant.now().plusSeconds(600),
                RequestTags.getDefaultInstance(),
                null);
        return new PreparedRequest(
                "cmpl-r",
                0,
                model.name(),
                Shape.COMPLETION,
                List.of(generation),
                1,
                List.of(),
                true,
                false,
                null,
                null,
                false,
                null,
                null,
                List.of(),
                "");
    }
}
