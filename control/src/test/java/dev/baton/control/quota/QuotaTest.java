package dev.baton.control.quota;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is taken of limits, and what a gateway lets in by itself. */
class QuotaTest {
    private static final Limits LIMITS = new Limits(60, 6_000, 10);
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    @Test
    void takesComeBackEvenlyWithinAMinute() {
        Taken full = new Taken(60, 6_000, 3);
        assertThat(full.after(Duration.ofSeconds(30), LIMITS)).isEqualTo(new Taken(30, 3_000, 3));
        assertThat(full.after(Duration.ofSeconds(90), LIMITS)).isEqualTo(new Taken(0, 0, 3));
        assertThat(full.after(Duration.ofSeconds(-1), LIMITS)).isEqualTo(full);
        assertThat(full.resetRequests(LIMITS)).isEqualTo(Duration.ofMinutes(1));
        assertThat(new Taken(1, 0, 0).resetRequests(LIMITS)).isEqualTo(Duration.ofSeconds(1));
        assertThat(new Taken(59.5, 0, 0).remainingRequests(LIMITS)).isZero();
        assertThat(new Taken(0, 9_000, 0).remainingTokens(LIMITS)).isZero();
    }

    @Test
    void aRefusalSaysWhatIsMissingAndWhenItIsThere() {
        assertThat(new Taken(59, 0, 0).refusal(LIMITS, 100)).isEmpty();
        assertThat(new Taken(60, 0, 0).refusal(LIMITS, 100))
                .contains(new Refusal(QuotaKind.REQUESTS, Duration.ofSeconds(1)));
        assertThat(new Taken(0, 5_950, 0).refusal(LIMITS, 100))
                .contains(new Refusal(QuotaKind.TOKENS, Duration.ofMillis(500)));
        assertThat(new Taken(60, 6_000, 0).refusal(LIMITS, 600))
                .contains(new Refusal(QuotaKind.TOKENS, Duration.ofSeconds(6)));
        assertThat(new Taken(0, 0, 10).refusal(LIMITS, 1)).contains(Taken.NO_PLACE);
        assertThat(new Taken(1e6, 1e9, 1_000).refusal(Limits.NONE, 1_000_000)).isEmpty();
    }

    @Test
    void aRequestThatWantsMoreThanAMinuteHasTakesAWholeMinuteAndOwesTheRest() {
        long charge = Taken.charge(9_000, LIMITS);
        assertThat(charge).isEqualTo(6_000);
        assertThat(Taken.NOTHING.refusal(LIMITS, charge)).isEmpty();
        assertThat(new Taken(0, 9_000, 0).refusal(LIMITS, 1)).isPresent();
    }

    @Test
    void aShareIsAtLeastOneOfWhatIsLimited() {
        assertThat(LIMITS.share(4)).isEqualTo(new Limits(15, 1_500, 2));
        assertThat(LIMITS.share(Integer.MAX_VALUE)).isEqualTo(new Limits(1, 1, 1));
        assertThat(Limits.NONE.share(4)).isEqualTo(Limits.NONE);
    }

    @Test
    void aChangeLeavesWhatItDoesNotName() {
        assertThat(new LimitChange(5L, null, 0L).over(LIMITS)).isEqualTo(new Limits(5, 6_000, 0));
        assertThat(LimitChange.NOTHING.over(LIMITS)).isEqualTo(LIMITS);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Limits.MOST + 1})
    void refusesLimitsThatMakeNoSense(long limit) {
        assertThatThrownBy(() -> new Limits(0, limit, 0)).hasMessageContaining("tokens-per-minute");
        assertThatThrownBy(() -> new LimitChange(null, null, limit)).hasMessageContaining("concurrent");
    }

    @Test
    void aGatewayThatIsAloneGoesOnWhereRedisStood() {
        LocalQuota quota = LocalQuota.alone(new Taken(58, 0, 9), 9, 0);
        assertThat(quota.reserve(LIMITS, 10, 0)).isEmpty();
        assertThat(quota.reserve(LIMITS, 10, 0)).contains(Taken.NO_PLACE);
        quota.ended();
        assertThat(quota.reserve(LIMITS, 10, 0)).isEmpty();
        assertThat(quota.reserve(LIMITS, 10, 0).orElseThrow().kind()).isEqualTo(QuotaKind.REQUESTS);
        quota.ended(10, true, 25);
        assertThat(quota.taken(LIMITS, 0)).isEqualTo(new Taken(60, 35, 9));
        assertThat(quota.spentTokens()).isEqualTo(35);
        quota.ended(10, false, 0);
        assertThat(quota.taken(LIMITS, 0)).isEqualTo(new Taken(59, 25, 8));
        assertThat(quota.spentRequests()).isEqualTo(1);
    }

    @Test
    void aGatewayAmongOthersBeginsWithNothingAndGetsItsShare() {
        Limits share = LIMITS.share(4);
        LocalQuota quota = LocalQuota.amongOthers(share, 0, 0);
        assertThat(quota.reserve(share, 10, 0)).isPresent();
        assertThat(quota.reserve(share, 10, 4 * SECOND)).contains(Taken.NO_PLACE);
        assertThat(quota.reserve(share, 10, 30 * SECOND)).isEmpty();
        assertThat(quota.reserve(share, 10, 30 * SECOND)).contains(Taken.NO_PLACE);
        assertThat(quota.reserve(share, 10, 60 * SECOND)).isEmpty();
    }

    @Test
    void placesBeginAtWhatRuns() {
        Limits places = new Limits(0, 0, 2);
        LocalQuota quota = LocalQuota.amongOthers(places, 2, 0);
        assertThat(quota.reserve(places, 1, 0)).contains(Taken.NO_PLACE);
        quota.ended();
        assertThat(quota.reserve(places, 1, 0)).isEmpty();
        quota.joined();
        assertThat(quota.taken(places, 0).running()).isEqualTo(3);
        assertThat(quota.reserve(places, 1, 60 * SECOND)).contains(Taken.NO_PLACE);
    }

    /** Whatever Redis had let in before it went, the gateways together let in no more than the limit gives. */
    @ParameterizedTest
    @CsvSource({"1, 4", "2, 3", "3, 7", "4, 2"})
    void gatewaysThatKeepToTheirSharesNeverLetInMoreThanTheLimit(long seed, int gateways) {
        Random random = new Random(seed);
        Limits share = LIMITS.share(gateways);
        List<LocalQuota> all = new ArrayList<>();
        for (int i = 0; i < gateways; i++) {
            all.add(LocalQuota.amongOthers(share, 0, 0));
        }
        long now = 0;
        int requests = 0;
        long tokens = 0;
        while (now < 300 * SECOND) {
            now += random.nextLong(SECOND);
            LocalQuota quota = all.get(random.nextInt(gateways));
            long charge = Taken.charge(random.nextLong(1, 400), share);
            if (quota.reserve(share, charge, now).isEmpty()) {
                requests++;
                tokens += charge;
                quota.ended(charge, true, charge);
            }
        }
        double minutes = now / (60.0 * SECOND);
        assertThat((double) requests).isPositive().isLessThanOrEqualTo(LIMITS.requestsPerMinute() * minutes);
        assertThat((double) tokens).isLessThanOrEqualTo(LIMITS.tokensPerMinute() * minutes);
    }
}
