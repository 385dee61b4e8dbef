package dev.baton.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.control.RecordPolicy.AwaitStream;
import dev.baton.control.RecordPolicy.Begin;
import dev.baton.control.RecordPolicy.Claim;
import dev.baton.control.RecordPolicy.Refuse;
import dev.baton.control.RecordPolicy.Step;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Decline;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RecordPolicyTest {
    private static final Instant NOW = Instant.ofEpochSecond(1_000);
    private static final WorkerRef SELF =
            WorkerRef.newBuilder().setId("prefill-0").setEpoch(7).build();
    private static final WorkerRef ANY = WorkerRef.getDefaultInstance();

    private final RecordPolicy policy = new RecordPolicy(SELF);

    @Test
    void claimsWhatIsMeantForThisLife() {
        assertThat(policy.read(attempt(1), SELF, false, true, NOW)).isInstanceOf(Claim.class);
        assertThat(policy.read(attempt(1), ANY, false, true, NOW)).isInstanceOf(Claim.class);
        WorkerRef before = SELF.toBuilder().setEpoch(6).build();
        assertThat(reason(policy.read(attempt(1), before, false, true, NOW))).isEqualTo(Decline.Reason.OTHER_WORKER);
    }

    @Test
    void claimsNothingWithoutAStreamToTheOwner() {
        assertThat(policy.read(attempt(1), SELF, false, false, NOW)).isEqualTo(new AwaitStream());
        assertThat(reason(policy.notAttached(attempt(1), Duration.ofSeconds(1))))
                .isEqualTo(Decline.Reason.NO_STREAM);
    }

    @Test
    void declinesAllWhileItDrains() {
        assertThat(reason(policy.read(attempt(1), SELF, true, true, NOW))).isEqualTo(Decline.Reason.DRAINING);
    }

    @Test
    void beginsNothingAfterTheDeadline() {
        Generation late =
                attempt(1).toBuilder().setDeadlineMs(NOW.toEpochMilli()).build();
        assertThat(policy.attached(late, NOW)).isInstanceOf(Claim.class);
        assertThat(reason(policy.attached(late, NOW.plusMillis(1)))).isEqualTo(Decline.Reason.EXPIRED);
        assertThat(reason(policy.claimed(late, Phase.PREFILLING, null, RecordPolicy.firstClaim(), NOW.plusMillis(1))))
                .isEqualTo(Decline.Reason.STORE_UNAVAILABLE);
    }

    @Test
    void waitsLittleMoreThanASecondForTheRecordOfAFirstAttempt() {
        Duration waited = Duration.ZERO;
        Step step = RecordPolicy.firstClaim();
        while (step instanceof Claim claim) {
            waited = waited.plus(claim.pause());
            step = claimed(1, CasOutcome.ABSENT, claim);
        }
        assertThat(waited).isEqualTo(Duration.ofMillis(1_275));
        assertThat(reason(step)).isEqualTo(Decline.Reason.ABSENT);
        assertThat(reason(claimed(2, CasOutcome.ABSENT, RecordPolicy.firstClaim())))
                .isEqualTo(Decline.Reason.ABSENT);
    }

    @Test
    void asksAgainWhileRedisIsAway() {
        assertThat(claimed(2, null, RecordPolicy.firstClaim()))
                .isEqualTo(new Claim(Duration.ofMillis(200), Duration.ofMillis(5)));
    }

    @Test
    void beginsWhenTheClaimHolds() {
        assertThat(claimed(1, CasOutcome.APPLIED, RecordPolicy.firstClaim())).isEqualTo(new Begin());
        assertThat(claimed(1, CasOutcome.ALREADY, RecordPolicy.firstClaim())).isEqualTo(new Begin());
        assertThat(reason(claimed(1, CasOutcome.SUPERSEDED, RecordPolicy.firstClaim())))
                .isEqualTo(Decline.Reason.SUPERSEDED);
        assertThat(reason(claimed(1, CasOutcome.REFUSED, RecordPolicy.firstClaim())))
                .isEqualTo(Decline.Reason.TAKEN);
    }

    private Step claimed(int attempt, @Nullable CasOutcome outcome, Claim claim) {
        return policy.claimed(attempt(attempt), Phase.PREFILLING, outcome, claim, NOW);
    }

    private static Generation attempt(int number) {
        return Generation.newBuilder()
                .setRequestId("r")
                .setAttempt(Attempt.newBuilder().setNumber(number))
                .build();
    }

    private static Decline.Reason reason(Step step) {
        assertThat(step).isInstanceOf(Refuse.class);
        return ((Refuse) step).reason();
    }
}
