package dev.baton.cluster.quotas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.quotas.QuotaBook.TimedChange;
import dev.baton.cluster.redis.TestRedis;
import dev.baton.control.quota.LimitChange;
import dev.baton.control.quota.Limits;
import dev.baton.control.quota.QuotaKind;
import dev.baton.control.quota.Taken;
import dev.baton.protocol.ClusterNames;
import dev.baton.stack.Ports;
import dev.baton.stack.RedisProcess;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gateways that share quotas in a real Redis, which goes and comes back. */
@WithStack
class SharedQuotasTest {
    private static final Duration LEASE = Duration.ofMillis(800);
    private static final Duration STEADY = Duration.ofMillis(1_200);
    private static final Duration LONG = Duration.ofSeconds(10);
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final String tenant = "tenant-" + UUID.randomUUID();
    private final List<AutoCloseable> open = new ArrayList<>();

    /** A gateway's end of it. */
    private record Gateway(CuttableBook book, SharedQuotas quotas, TestRedis redis) {
        QuotaOutcome reserve(String request, long tokens, ScopedLimits... scopes) throws Exception {
            return get(quotas.reserve(request, tokens, List.of(scopes)).outcome());
        }
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private Gateway gateway(URI url, Duration lease, WithoutRedis without) {
        TestRedis redis = new TestRedis(url);
        CuttableBook book = new CuttableBook(
                new RedisQuotaBook(redis.template(), new ClusterNames("q" + tenant), Duration.ofSeconds(2)));
        SharedQuotas quotas = new SharedQuotas(
                book, new SharedQuotas.Terms("gateway-" + UUID.randomUUID(), lease, without), System::nanoTime);
        open.add(redis);
        open.add(quotas);
        return new Gateway(book, quotas, redis);
    }

    private List<Gateway> gateways(URI url, int count, Duration lease) {
        List<Gateway> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(gateway(url, lease, WithoutRedis.SHARE));
        }
        await().atMost(LONG).until(() -> all.stream().allMatch(each -> each.quotas.gateways() == count));
        return all;
    }

    private ScopedLimits of(Limits limits) {
        return new ScopedLimits(QuotaScope.of(tenant), limits);
    }

    private ScopedLimits ofKey(String key, Limits limits) {
        return new ScopedLimits(new QuotaScope(tenant, key), limits);
    }

    @Test
    void fourGatewaysOverdrawByOneReservationAtMostWhenOneOfThemAndRedisDie(@TempDir Path folder) throws Exception {
        Limits limits = new Limits(60, 0, 0);
        RedisProcess redis = RedisProcess.start(settings(folder));
        List<Gateway> all = gateways(redis.url(), 4, STEADY);
        AtomicInteger admitted = new AtomicInteger();
        AtomicInteger answered = new AtomicInteger();
        long began = System.nanoTime();
        List<CompletableFuture<Void>> half = parallel(all, limits, admitted, answered);
        await().pollInterval(Duration.ofMillis(1)).atMost(LONG).until(() -> answered.get() >= 20);
        all.getLast().redis.close();
        redis.kill();
        half.forEach(CompletableFuture::join);
        List<Gateway> left = all.subList(0, 3);
        await().atMost(LONG).until(() -> left.stream().noneMatch(each -> each.quotas.shared()));
        parallel(left, limits, admitted, answered).forEach(CompletableFuture::join);
        double refilled = limits.requestsPerMinute() * (System.nanoTime() - began) / (double) MINUTE.toNanos();
        assertThat(answered).hasValue(200);
        assertThat(admitted.get()).isPositive().isLessThanOrEqualTo((int) (limits.requestsPerMinute() + 1 + refilled));
    }

    private static List<CompletableFuture<Void>> parallel(
            List<Gateway> gateways, Limits limits, AtomicInteger admitted, AtomicInteger answered) {
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            Gateway gateway = gateways.get(i % gateways.size());
            all.add(CompletableFuture.runAsync(
                    () -> {
                        SharedQuotas.Place place = gateway.quotas.reserve(
                                UUID.randomUUID().toString(),
                                10,
                                List.of(new ScopedLimits(QuotaScope.of("acme"), limits)));
                        if (place.outcome().toCompletableFuture().join() instanceof QuotaOutcome.Admitted) {
                            admitted.incrementAndGet();
                        }
                        answered.incrementAndGet();
                    },
                    Thread::startVirtualThread));
        }
        return all;
    }

    @Test
    void oneLimitHoldsForAllGatewaysAndSaysWhatIsLeft(TestStack stack) throws Exception {
        List<Gateway> two = gateways(stack.redis(), 2, STEADY);
        Limits limits = new Limits(3, 1_000, 0);
        for (int i = 0; i < 3; i++) {
            QuotaOutcome outcome = two.get(i % 2).reserve(id(i), 100, of(limits));
            assertThat(outcome).isInstanceOf(QuotaOutcome.Admitted.class);
            Standing standing = ((QuotaOutcome.Admitted) outcome).standings().getFirst();
            assertThat(standing.taken().remainingRequests(limits)).isEqualTo(2 - i);
            assertThat(standing.taken().running()).isEqualTo(i + 1);
        }
        QuotaOutcome.Refused refused = (QuotaOutcome.Refused) two.getLast().reserve(id(3), 100, of(limits));
        assertThat(refused.refusal().kind()).isEqualTo(QuotaKind.REQUESTS);
        assertThat(refused.refusal().retryAfter()).isPositive().isLessThanOrEqualTo(Duration.ofSeconds(20));
        assertThat(refused.by().taken().remainingTokens(limits)).isGreaterThanOrEqualTo(700);
    }

    @Test
    void aRequestIsChargedOnceAndSettledOnceHoweverOftenItIsAsked(TestStack stack) throws Exception {
        Gateway gateway = gateway(stack.redis(), STEADY, WithoutRedis.SHARE);
        Limits limits = new Limits(10, 1_000, 5);
        QuotaBook.Reservation asked =
                new QuotaBook.Reservation(id(0), 400, List.of(of(limits)), List.of(Taken.NOTHING), LONG, MINUTE);
        get(gateway.book.reserve(asked));
        Taken again = get(gateway.book.reserve(asked)).taken().getFirst();
        assertThat(again.running()).isEqualTo(1);
        assertThat(again.remainingTokens(limits)).isGreaterThanOrEqualTo(600);
        for (int i = 0; i < 2; i++) {
            get(gateway.book.settle(id(0), List.of(QuotaScope.of(tenant)), true, 50));
        }
        Taken settled = get(gateway.book.read(QuotaScope.of(tenant), limits));
        assertThat(settled.running()).isZero();
        assertThat(settled.tokens()).isLessThanOrEqualTo(50);
        assertThat(settled.remainingRequests(limits)).isGreaterThanOrEqualTo(9);
    }

    @Test
    void whatNoWorkerTookDoesNotCountAndALongAnswerIsOwed(TestStack stack) throws Exception {
        Gateway gateway = gateway(stack.redis(), STEADY, WithoutRedis.SHARE);
        Limits limits = new Limits(2, 1_000, 0);
        for (int i = 0; i < 5; i++) {
            SharedQuotas.Place place = gateway.quotas.reserve(id(i), 1_000, List.of(of(limits)));
            assertThat(get(place.outcome())).isInstanceOf(QuotaOutcome.Admitted.class);
            place.settle(false, 0);
            await().atMost(LONG).until(() -> taken(gateway, limits).equals(Taken.NOTHING));
        }
        SharedQuotas.Place place = gateway.quotas.reserve(id(9), 5_000, List.of(of(limits)));
        place.settle(true, 3_000);
        place.settle(true, 3_000);
        await().atMost(LONG).until(() -> taken(gateway, limits).tokens() > 2_900);
        assertThat(gateway.reserve(id(10), 1, of(limits)))
                .isInstanceOfSatisfying(
                        QuotaOutcome.Refused.class,
                        refused -> assertThat(refused.refusal().kind()).isEqualTo(QuotaKind.TOKENS));
        assertThat(gateway.quotas.held()).isZero();
    }

    @Test
    void aKeysLimitThatRefusesTakesNothingFromItsTenant(TestStack stack) throws Exception {
        Gateway gateway = gateway(stack.redis(), STEADY, WithoutRedis.SHARE);
        Limits ofTenant = new Limits(10, 0, 0);
        Limits ofKey = new Limits(1, 0, 0);
        gateway.reserve(id(0), 1, of(ofTenant), ofKey("ci", ofKey));
        QuotaOutcome.Refused refused =
                (QuotaOutcome.Refused) gateway.reserve(id(1), 1, of(ofTenant), ofKey("ci", ofKey));
        assertThat(refused.by().scope().key()).isEqualTo("ci");
        assertThat(taken(gateway, ofTenant).remainingRequests(ofTenant)).isEqualTo(9);
        assertThat(gateway.reserve(id(2), 1, of(ofTenant), ofKey("other", ofKey)))
                .isInstanceOf(QuotaOutcome.Admitted.class);
    }

    @Test
    void placesOfADeadGatewayComeBackAndThoseOfALivingOneStay(TestStack stack) throws Exception {
        Limits limits = new Limits(0, 0, 2);
        List<Gateway> two = gateways(stack.redis(), 2, LEASE);
        two.getFirst().reserve(id(0), 1, of(limits));
        two.getLast().reserve(id(1), 1, of(limits));
        Gateway third = gateway(stack.redis(), LEASE, WithoutRedis.SHARE);
        await().during(LEASE.multipliedBy(2))
                .atMost(LONG)
                .until(() -> taken(third, limits).running() == 2);
        assertThat(third.reserve(id(2), 1, of(limits))).isInstanceOf(QuotaOutcome.Refused.class);
        two.getFirst().quotas.close();
        await().atMost(LONG).until(() -> third.reserve(id(3), 1, of(limits)) instanceof QuotaOutcome.Admitted);
        assertThat(third.reserve(id(4), 1, of(limits))).isInstanceOf(QuotaOutcome.Refused.class);
    }

    @Test
    void aRedisThatComesBackEmptyIsToldWhatRunsAndGivesNoSecondMinute(@TempDir Path folder) throws Exception {
        RedisProcess.Settings settings = settings(folder);
        RedisProcess first = RedisProcess.start(settings);
        Gateway gateway = gateways(first.url(), 1, LEASE).getFirst();
        Limits places = new Limits(0, 0, 2);
        Limits rates = new Limits(6, 0, 0);
        gateway.reserve(id(0), 1, of(places), ofKey("ci", rates));
        gateway.reserve(id(1), 1, of(places), ofKey("ci", rates));
        first.kill();
        await().atMost(LONG).until(() -> !gateway.quotas.shared());
        assertThat(gateway.reserve(id(2), 1, of(places))).isInstanceOf(QuotaOutcome.Refused.class);
        try (RedisProcess again = RedisProcess.start(settings)) {
            await().atMost(LONG).until(() -> gateway.quotas.shared());
            await().atMost(LONG).until(() -> taken(gateway, places).running() == 2);
            assertThat(gateway.reserve(id(3), 1, ofKey("ci", rates))).isInstanceOf(QuotaOutcome.Refused.class);
            assertThat(again.child().alive()).isTrue();
        }
    }

    @Test
    void whatWasLetInWithoutRedisIsToldToItAfterwards(TestStack stack) throws Exception {
        Gateway gateway = gateways(stack.redis(), 1, STEADY).getFirst();
        Limits limits = new Limits(10, 0, 0);
        gateway.reserve(id(0), 1, of(limits));
        gateway.book.cut(true);
        for (int i = 1; i < 4; i++) {
            assertThat(gateway.reserve(id(i), 1, of(limits))).isInstanceOf(QuotaOutcome.Admitted.class);
        }
        assertThat(gateway.quotas.shared()).isFalse();
        Standing local = get(gateway.quotas.standing(of(limits)));
        assertThat(local.taken().remainingRequests(limits)).isEqualTo(6);
        assertThat(taken(gateway, limits).remainingRequests(limits)).isEqualTo(9);
        gateway.book.cut(false);
        await().atMost(LONG).until(() -> gateway.quotas.shared());
        await().atMost(LONG).until(() -> taken(gateway, limits).running() == 4);
        QuotaOutcome.Admitted next = (QuotaOutcome.Admitted) gateway.reserve(id(4), 1, of(limits));
        assertThat(next.standings().getFirst().taken().remainingRequests(limits))
                .isEqualTo(5);
    }

    @Test
    void aResetForgetsAlsoWhatRedisWasNotYetToldOf(TestStack stack) throws Exception {
        Gateway gateway = gateways(stack.redis(), 1, STEADY).getFirst();
        Limits limits = new Limits(10, 0, 0);
        gateway.reserve(id(0), 1, of(limits));
        gateway.book.cut(true);
        assertThat(gateway.reserve(id(1), 1, of(limits))).isInstanceOf(QuotaOutcome.Admitted.class);
        gateway.book.cut(false);
        await().atMost(LONG).until(() -> gateway.quotas.shared());
        get(gateway.quotas.reset(tenant, List.of(QuotaScope.of(tenant))));
        QuotaOutcome.Admitted next = (QuotaOutcome.Admitted) gateway.reserve(id(2), 1, of(limits));
        assertThat(next.standings().getFirst().taken().remainingRequests(limits))
                .isEqualTo(9);
    }

    @Test
    void aResetGivesBackAWholeMinuteEvenWhenRedisHasJustComeBackEmpty(TestStack stack) throws Exception {
        Gateway gateway = gateway(stack.redis(), STEADY, WithoutRedis.SHARE);
        QuotaBook book = gateway.book;
        Limits limits = new Limits(10, 1_000, 0);
        assertThat(get(book.reserve(justBack(0, limits))).refusal()).isNotNull();
        get(book.forget(List.of(QuotaScope.of(tenant))));
        assertThat(get(book.reserve(justBack(1, limits))).refusal()).isNull();
        get(book.settle(id(1), List.of(QuotaScope.of(tenant)), true, 100));
        // What little is taken now must not end before the minute in which the missing counts as all.
        String key = new ClusterNames("q" + tenant).key("quota:{" + tenant + "}:taken");
        assertThat(gateway.redis.template().getExpire(key).block(LONG)).isGreaterThan(Duration.ofSeconds(30));
    }

    private QuotaBook.Reservation justBack(int number, Limits limits) {
        return new QuotaBook.Reservation(
                id(number), 100, List.of(of(limits)), List.of(Taken.NOTHING), LONG, Duration.ZERO);
    }

    @Test
    void whatALimitHasCountedSinceItWasSetStaysWhenAnOlderRequestEnds(TestStack stack) throws Exception {
        Gateway gateway = gateway(stack.redis(), STEADY, WithoutRedis.SHARE);
        Limits later = new Limits(10, 1_000, 5);
        SharedQuotas.Place old = gateway.quotas.reserve(id(0), 100, List.of(of(new Limits(0, 0, 5))));
        assertThat(get(old.outcome())).isInstanceOf(QuotaOutcome.Admitted.class);
        assertThat(gateway.reserve(id(1), 800, of(later))).isInstanceOf(QuotaOutcome.Admitted.class);
        old.settle(true, 50);
        await().atMost(LONG).until(() -> taken(gateway, later).running() == 1);
        assertThat(taken(gateway, later).remainingRequests(later)).isLessThan(10);
        assertThat(taken(gateway, later).tokens()).isGreaterThan(500);
    }

    @Test
    void aRenewalBringsNothingBackThatWasJustSettledUnlessRedisForgot(TestStack stack) throws Exception {
        Gateway gateway = gateway(stack.redis(), STEADY, WithoutRedis.SHARE);
        Limits limits = new Limits(0, 0, 2);
        QuotaScope scope = QuotaScope.of(tenant);
        get(gateway.book.reserve(justBack(0, limits)));
        get(gateway.book.settle(id(0), List.of(scope), true, 1));
        get(gateway.book.renew(scope, List.of(id(0)), LONG, false));
        assertThat(taken(gateway, limits).running()).isZero();
        get(gateway.book.renew(scope, List.of(id(0)), LONG, true));
        assertThat(taken(gateway, limits).running()).isEqualTo(1);
    }

    @Test
    void anOutageInWhichRedisForgotNothingTakesNothingFromTheIdle(TestStack stack) throws Exception {
        Gateway gateway = gateways(stack.redis(), 1, LEASE).getFirst();
        Limits limits = new Limits(10, 0, 0);
        gateway.book.cut(true);
        gateway.reserve(id(0), 1, of(limits));
        assertThat(gateway.quotas.shared()).isFalse();
        // So long that the other gateways' list of those that live has forgotten this one.
        await().atMost(LONG)
                .until(() -> get(gateway.book.past().attend("other", LEASE)).gateways() == 1);
        gateway.book.cut(false);
        await().atMost(LONG).until(() -> gateway.quotas.shared());
        QuotaOutcome idle = gateway.reserve(id(1), 1, ofKey("idle", limits));
        assertThat(idle).isInstanceOf(QuotaOutcome.Admitted.class);
        assertThat(((QuotaOutcome.Admitted) idle).standings().getFirst().taken().remainingRequests(limits))
                .isEqualTo(9);
    }

    @Test
    void nothingIsLetInWithoutRedisWhereThatIsTheSetting(TestStack stack) throws Exception {
        Gateway gateway = gateway(stack.redis(), STEADY, WithoutRedis.REFUSE);
        gateway.book.cut(true);
        assertThat(gateway.reserve(id(0), 1, of(new Limits(10, 0, 0)))).isInstanceOf(QuotaOutcome.Unavailable.class);
        assertThat(gateway.quotas.held()).isZero();
    }

    @Test
    void aChangeReachesAllGatewaysAndEndsByItselfOrByAReset(TestStack stack) throws Exception {
        List<Gateway> two = gateways(stack.redis(), 2, LEASE);
        LimitChange change = new LimitChange(7L, null, 0L);
        get(two.getFirst().quotas.override(tenant, new TimedChange(change, MINUTE)));
        assertThat(two.getFirst().quotas.changes())
                .extractingByKey(tenant)
                .extracting(TimedChange::change)
                .isEqualTo(change);
        await().atMost(LONG).until(() -> two.getLast().quotas.changes().containsKey(tenant));
        Limits limits = new Limits(10, 0, 0);
        two.getFirst().reserve(id(0), 1, of(limits));
        get(two.getLast().quotas.reset(tenant, List.of(QuotaScope.of(tenant))));
        assertThat(two.getLast().quotas.changes()).doesNotContainKey(tenant);
        assertThat(taken(two.getLast(), limits).requests()).isZero();
        assertThat(taken(two.getLast(), limits).running()).isEqualTo(1);

        get(two.getFirst().quotas.override(tenant, new TimedChange(change, Duration.ofMillis(300))));
        await().atMost(LONG).until(() -> two.getFirst().quotas.changes().isEmpty());
    }

    private Taken taken(Gateway gateway, Limits limits) throws Exception {
        return get(gateway.book.past().read(QuotaScope.of(tenant), limits));
    }

    private static RedisProcess.Settings settings(Path folder) throws IOException {
        return new RedisProcess.Settings(
                Ports.free(1).getFirst(), folder, folder.resolve("redis.log"), null, Duration.ofSeconds(30));
    }

    private String id(int number) {
        return tenant + "-" + number;
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
}
