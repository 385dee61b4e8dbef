package dev.baton.cluster.answers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.answers.RedisAnswers.NewAnswer;
import dev.baton.cluster.redis.TestRedis;
import dev.baton.protocol.ClusterNames;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Answers in a real Redis: who owns one, who may read it, and how much of a tenant's is kept. */
@WithStack
class RedisAnswersTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final long MOST = 10_000;
    private static final ClusterNames NAMES = new ClusterNames("baton");

    private final String model = "model-" + UUID.randomUUID();
    private final String tenant = "tenant-" + UUID.randomUUID();
    private TestRedis redis;
    private RedisAnswers answers;

    @BeforeEach
    void connect(TestStack stack) {
        redis = new TestRedis(stack.redis());
        answers = new RedisAnswers(redis.template(), NAMES, LONG);
    }

    @AfterEach
    void disconnect() {
        redis.close();
    }

    @Test
    void ofTwoSurvivorsOneTakesAnOrphanOver() throws Exception {
        OwnedAnswer owned = made("a", 100, "", LONG);
        get(answers.append(List.of(new Append(owned, 0, bytes("one")))));
        get(answers.letGo(model, List.of(owned)));
        assertThat(get(answers.orphans(model, 10))).containsExactly(owned);

        CompletionStage<Takeover> first = answers.take(owned, "g1", LONG);
        CompletionStage<Takeover> second = answers.take(owned, "g2", LONG);
        Takeover.Took took = (Takeover.Took) get(first);
        assertThat(get(second)).isEqualTo(new Takeover.Taken(2));
        assertThat(took.answer()).isEqualTo(owned.next());
        assertThat(text(took.stored().request())).isEqualTo("request of a");
        assertThat(text(took.stored().log())).isEqualTo("one");
        assertThat(took.stored().left()).isBetween(Duration.ofSeconds(1), LONG);
        assertThat(get(answers.orphans(model, 10)))
                .as("it has a lease again, under its new epoch alone")
                .isEmpty();
    }

    @Test
    void anOwnerThatWasReplacedCanNeitherWriteNorEndNorRenew() throws Exception {
        OwnedAnswer owned = made("a", 100, "", LONG);
        OwnedAnswer taken = ((Takeover.Took) get(answers.take(owned, "g1", LONG))).answer();
        assertThat(get(answers.append(List.of(new Append(owned, 0, bytes("late"))))))
                .containsEntry(owned, Kept.LOST);
        assertThat(get(answers.end(owned, LONG, false))).isEqualTo(Kept.LOST);
        assertThat(get(answers.renew(model, List.of(owned, taken), LONG))).containsExactly(owned);
        assertThat(get(answers.append(List.of(new Append(taken, 0, bytes("right"))))))
                .containsEntry(taken, Kept.KEPT);
        assertThat(text(get(answers.read(taken.key(), 0, false, LONG))
                        .orElseThrow()
                        .log()))
                .isEqualTo("right");
    }

    @Test
    void anOwnerThatIsNotHeardLosesItsAnswersWhenItsLeaseEnds() throws Exception {
        OwnedAnswer owned = made("a", 100, "", Duration.ofMillis(200));
        await().atMost(LONG).until(() -> get(answers.orphans(model, 10)).contains(owned));
    }

    @Test
    void theSameWriteAgainChangesNothing() throws Exception {
        OwnedAnswer owned = made("a", 100, "", LONG);
        for (int i = 0; i < 3; i++) {
            get(answers.append(List.of(new Append(owned, 0, bytes("one ")))));
        }
        get(answers.append(List.of(new Append(owned, 4, bytes("two")))));
        assertThat(text(get(answers.read(owned.key(), 0, false, LONG))
                        .orElseThrow()
                        .log()))
                .isEqualTo("one two");
        assertThat(text(get(answers.read(owned.key(), 4, true, LONG))
                        .orElseThrow()
                        .log()))
                .isEqualTo("two");
        assertThat(get(answers.append(List.of(new Append(owned, 99, bytes("gap"))))))
                .as("what came before it is missing")
                .containsEntry(owned, Kept.ABSENT);
    }

    @Test
    void anotherTenantDoesNotFindIt() throws Exception {
        OwnedAnswer owned = made("a", 100, "", LONG);
        AnswerKey foreign = new AnswerKey("other", owned.key().id());
        assertThat(get(answers.read(foreign, 0, true, LONG))).isEmpty();
        assertThat(get(answers.read(owned.key(), 0, true, LONG))).isPresent();
    }

    @Test
    void aTenantsBytesAreBounded() throws Exception {
        OwnedAnswer first = made("a", 6_000, "", LONG);
        assertThat(create("b", 6_000, "")).isEqualTo(new Created.Full());
        assertThat(get(answers.end(first, LONG, false))).isEqualTo(Kept.KEPT);
        assertThat(create("c", 6_000, ""))
                .as("an answer that has ended takes what it is long, not what it might have been")
                .isEqualTo(new Created.Mine());
        assertThat(create("d", 6_000, "")).isEqualTo(new Created.Full());
    }

    @Test
    void whatItsKeepHasEndedForGivesItsRoomBack() throws Exception {
        OwnedAnswer first = made("a", MOST, "", LONG);
        assertThat(create("b", MOST, "")).isEqualTo(new Created.Full());
        get(answers.end(first, Duration.ofMillis(50), false));
        await().atMost(LONG)
                .until(() -> get(answers.read(first.key(), 0, false, LONG)).isEmpty());
        assertThat(create("b", MOST, "")).isEqualTo(new Created.Mine());
    }

    @Test
    void aClientsKeyStandsForOneAnswerUntilThatFails() throws Exception {
        OwnedAnswer owned = made("a", 100, "key", LONG);
        assertThat(create("b", 100, "key")).isEqualTo(new Created.Exists("a"));
        assertThat(get(answers.find(tenant, "key"))).contains("a");
        assertThat(get(answers.find("other", "key"))).isEmpty();
        get(answers.end(owned, LONG, true));
        assertThat(get(answers.find(tenant, "key"))).isEmpty();
        assertThat(create("b", 100, "key")).isEqualTo(new Created.Mine());
    }

    @Test
    void tellsItsOwnerWhetherSomebodyReadsIt() throws Exception {
        OwnedAnswer owned = made("a", 100, "", LONG);
        assertThat(get(answers.isRead(owned.key()))).isFalse();
        get(answers.read(owned.key(), 0, false, LONG));
        assertThat(get(answers.isRead(owned.key()))).isTrue();
    }

    @Test
    void anOwnerMakesAnAnswerAgainThatRedisLost() throws Exception {
        OwnedAnswer owned = made("a", 100, "", LONG);
        get(answers.end(owned, Duration.ZERO, false));
        assertThat(get(answers.append(List.of(new Append(owned, 0, bytes("x"))))))
                .containsEntry(owned, Kept.ABSENT);
        assertThat(create("a", 100, "")).isEqualTo(new Created.Mine());
        assertThat(get(answers.renew(model, List.of(owned), LONG))).isEmpty();
    }

    @Test
    void anOwnerMakesALogWholeAgainThatRedisShortened() throws Exception {
        OwnedAnswer owned = made("a", 100, "", LONG);
        get(answers.append(List.of(new Append(owned, 0, bytes("one two ")))));
        String log = NAMES.key("answer:{" + tenant + "}:a:log");
        redis.template().opsForValue().set(log, "one").block(LONG);
        assertThat(get(answers.append(List.of(new Append(owned, 8, bytes("three"))))))
                .as("fault not applied")
                .containsEntry(owned, Kept.ABSENT);

        assertThat(get(answers.create(wanted(owned, 100, "", "one two three"), LONG)))
                .isEqualTo(new Created.Mine());
        assertThat(logOf(owned)).isEqualTo("one two three");
        assertThat(redis.template().getExpire(log).block(LONG))
                .as("it ends with its answer")
                .isBetween(Duration.ofMillis(1), LONG.multipliedBy(2));
        get(answers.create(wanted(owned, 100, "", "one two"), LONG));
        assertThat(logOf(owned)).as("one that comes late takes nothing away").isEqualTo("one two three");
    }

    @Test
    void whatAReplacedOwnerMakesAnewInAnEmptiedRedisGivesWayToTheLaterOne() throws Exception {
        OwnedAnswer first = made("a", 6_000, "", LONG);
        OwnedAnswer later = ((Takeover.Took) get(answers.take(first, "g1", LONG))).answer();
        redis.template()
                .keys("*" + tenant + "*")
                .flatMap(redis.template()::delete)
                .blockLast(LONG);
        assertThat(get(answers.create(wanted(first, 6_000, "", "one late"), LONG)))
                .as("Redis knows of no later owner")
                .isEqualTo(new Created.Mine());
        assertThat(get(answers.end(first, LONG, false))).isEqualTo(Kept.KEPT);

        assertThat(get(answers.append(List.of(new Append(later, 4, bytes("two"))))))
                .containsEntry(later, Kept.ABSENT);
        assertThat(get(answers.end(later, LONG, false)))
                .as("it is whole, and not what is there")
                .isEqualTo(Kept.ABSENT);
        assertThat(get(answers.create(wanted(later, 6_000, "", "one two"), LONG)))
                .isEqualTo(new Created.Mine());
        assertThat(logOf(later)).isEqualTo("one two");
        assertThat(get(answers.read(later.key(), 0, false, LONG)).orElseThrow().ended())
                .isFalse();
        assertThat(get(answers.append(List.of(new Append(first, 8, bytes("er"))))))
                .containsEntry(first, Kept.LOST);
        get(answers.end(later, LONG, false));
        assertThat(create("b", MOST - 50, "")).as("its room is counted once").isEqualTo(new Created.Mine());
    }

    @Test
    void anOwnerWhoseLeaseIsGoneGetsItBackWithTheAnswerAsItWas() throws Exception {
        OwnedAnswer owned = made("a", 100, "", LONG);
        get(answers.append(List.of(new Append(owned, 0, bytes("one two")))));
        redis.template().delete(NAMES.key("answers:leases:" + model)).block(LONG);
        assertThat(get(answers.renew(model, List.of(owned), LONG))).containsExactly(owned);
        assertThat(get(answers.create(wanted(owned, 100, "", "one "), LONG))).isEqualTo(new Created.Mine());
        assertThat(get(answers.renew(model, List.of(owned), LONG))).isEmpty();
        assertThat(logOf(owned)).isEqualTo("one two");
        assertThat(redis.template()
                        .getExpire(NAMES.key("answers:leases:" + model))
                        .block(LONG))
                .as("leases that no gateway looks after any more go")
                .isBetween(Duration.ofHours(23), Duration.ofHours(24));
    }

    private String logOf(OwnedAnswer answer) throws Exception {
        return text(
                get(answers.read(answer.key(), 0, false, LONG)).orElseThrow().log());
    }

    private OwnedAnswer made(String id, long bytes, String clientKey, Duration lease) throws Exception {
        OwnedAnswer answer = owned(id);
        assertThat(get(answers.create(wanted(answer, bytes, clientKey), lease))).isEqualTo(new Created.Mine());
        return answer;
    }

    private Created create(String id, long bytes, String clientKey) throws Exception {
        return get(answers.create(wanted(owned(id), bytes, clientKey), LONG));
    }

    private OwnedAnswer owned(String id) {
        return new OwnedAnswer(new AnswerKey(tenant, id), model, 1);
    }

    private static NewAnswer wanted(OwnedAnswer answer, long bytes, String clientKey) {
        return wanted(answer, bytes, clientKey, "");
    }

    private static NewAnswer wanted(OwnedAnswer answer, long bytes, String clientKey, String log) {
        return new NewAnswer(
                answer,
                "g0",
                LONG,
                LONG,
                bytes,
                MOST,
                clientKey,
                bytes("request of " + answer.key().id()),
                bytes(log));
    }

    private static <T> T get(CompletionStage<T> answer) throws Exception {
        return answer.toCompletableFuture().get(LONG.toSeconds(), TimeUnit.SECONDS);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
