package dev.baton.cluster.streams;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Acknowledge;
import dev.baton.protocol.v1.Attempt;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.GatewayRef;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.Resume;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeptTokensTest {
    private static final int MOST = 1_000;
    private static final Attempt FIRST =
            Attempt.newBuilder().setNumber(1).setNonce(5).build();
    private static final GatewayRef GATEWAY =
            GatewayRef.newBuilder().setId("g").setEpoch(1).build();

    private final KeptTokens kept = new KeptTokens(MOST);
    private final GatewaySessions gateways = new GatewaySessions(Duration.ofSeconds(1));

    @Test
    void seventyThousandSplitRequestsLeaveNothingOnThePrefillWorker() {
        for (int i = 0; i < 70_000; i++) {
            split("r" + i, i);
        }
        assertThat(kept.count()).isEqualTo(MOST);
        assertThat(kept.expire(gateways, 80_000, 80_000))
                .as("none of them runs on")
                .isEmpty();
        assertThat(kept.count()).isZero();
        assertThat(kept.handedOver()).isEqualTo(MOST);
    }

    @Test
    void aRequestThatIsHandedOverCanStillBeResumedForAWhile() {
        split("a", 0);
        List<Progress> rest = kept.resume(GATEWAY, resume("a", 1), 1);
        assertThat(rest).singleElement().returns(false, Progress::hasFailure);
    }

    @Test
    void tokensThatNobodyHasAcknowledgedOutliveTheHandover() {
        kept.keep(GATEWAY, token("a", 0), 0);
        kept.handedOver("a", FIRST, 0);
        assertThat(kept.resume(GATEWAY, resume("a", 0), 1)).singleElement().returns(1, Progress::getTokensCount);
    }

    @Test
    void makesRoomByFinishedRequestsAndKeepsThoseThatRun() {
        for (int i = 0; i < MOST; i++) {
            kept.keep(GATEWAY, token("runs" + i, 0), i);
        }
        for (int i = 0; i < 10; i++) {
            Progress last = token("done" + i, 0).toBuilder()
                    .setFinish(Finish.newBuilder().setReason(Finish.Reason.STOP))
                    .build();
            kept.keep(GATEWAY, last, MOST + i);
        }
        assertThat(kept.count()).isLessThanOrEqualTo(MOST + 1);
        assertThat(kept.resume(GATEWAY, resume("runs0", 0), 1)).singleElement().returns(1, Progress::getTokensCount);
    }

    /** The worker leases the prompts of such requests until somebody says that they have ended. */
    @Test
    void whatWasHandedOverEndsWithItsGateway() {
        split("ended", 0);
        split("runs", 0);
        kept.cancel(GATEWAY, "ended", FIRST);
        assertThat(kept.expire(gateways, 10, 20)).as("it may come back").isEmpty();
        assertThat(kept.count()).isZero();
        assertThat(kept.gateways()).containsExactly(GATEWAY);
        assertThat(kept.expire(gateways, 30, 40))
                .as("it has been away since 20")
                .extracting(KeptTokens.Orphan::requestId)
                .containsExactly("runs");
        assertThat(kept.expire(gateways, 50, 60)).isEmpty();
        assertThat(kept.handedOver()).isZero();
    }

    /** Another gateway has taken the request over: the first one cannot end its attempt, and the second does not know of it. */
    @Test
    void anEarlierAttemptEndsWhenALaterOneIsHandedOver() {
        Attempt second = FIRST.toBuilder().setNumber(2).setNonce(6).build();
        GatewayRef survivor = GATEWAY.toBuilder().setId("h").build();
        split("a", 0);
        kept.keep(survivor, token("a", 0).toBuilder().setAttempt(second).build(), 0);
        kept.handedOver("a", second, 0);
        assertThat(kept.takeReplaced()).extracting(KeptTokens.Orphan::attempt).containsExactly(FIRST);
        kept.cancel(survivor, "a", second);
        assertThat(kept.handedOver()).isZero();
    }

    @Test
    void whatWasHandedOverIsForgottenOnceNothingIsLeased() {
        split("a", 0);
        long later = Duration.ofMinutes(6).toNanos();
        assertThat(kept.expire(gateways, later - 1, later)).isEmpty();
        assertThat(kept.handedOver()).isZero();
    }

    @Test
    void anAttemptThatALaterOneReplacesIsEnded() {
        kept.keep(GATEWAY, token("r", 0), 1);
        Attempt later = Attempt.newBuilder().setNumber(2).setNonce(5).build();
        GatewayRef other = GatewayRef.newBuilder().setId("other").setEpoch(3).build();
        kept.keep(other, token("r", 1).toBuilder().setAttempt(later).build(), 2);
        assertThat(kept.takeReplaced()).containsExactly(new KeptTokens.Orphan("r", FIRST, GATEWAY));
        assertThat(kept.takeReplaced()).isEmpty();
    }

    /** What a prefill worker says of a request that another one decodes. */
    private void split(String id, long now) {
        kept.keep(GATEWAY, token(id, 0), now);
        kept.acknowledge(
                GATEWAY,
                Acknowledge.newBuilder()
                        .setRequestId(id)
                        .setAttempt(FIRST)
                        .setNextIndex(1)
                        .build(),
                now);
        kept.handedOver(id, FIRST, now);
    }

    private static Resume resume(String id, int next) {
        return Resume.newBuilder()
                .setRequestId(id)
                .setAttempt(FIRST)
                .setNextIndex(next)
                .build();
    }

    private static Progress token(String id, int index) {
        return Progress.newBuilder()
                .setRequestId(id)
                .setAttempt(FIRST)
                .setFirstIndex(index)
                .addTokens(index)
                .build();
    }
}
