package dev.baton.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Progress;
import dev.baton.protocol.v1.Queued;
import dev.baton.protocol.v1.WorkerRef;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What a worker says of an attempt that makes no token yet: limits measure the lack of progress. */
class NewsTest {
    private static final Duration HALF_A_SECOND = Duration.ofMillis(500);
    private final Requests request = Requests.queued(Requests.SPLIT);

    @Test
    void aRequestThatMovesUpIsAlive() {
        for (int ahead = 20; ahead > 0; ahead--) {
            request.on(queued(Requests.PREFILL, ahead, 5));
            request.after(HALF_A_SECOND);
        }
        assertThat(request.attempt().getNumber()).isEqualTo(1);
        request.after(Requests.LIMITS.queued());
        assertThat(request.attempt().getNumber()).as("nothing moves any more").isEqualTo(2);
    }

    @Test
    void aRequestWhoseWorkerIsAtWorkIsAlive() {
        for (int moves = 1; moves < 20; moves++) {
            request.on(queued(Requests.PREFILL, 3, moves));
            request.after(HALF_A_SECOND);
        }
        assertThat(request.attempt().getNumber()).isEqualTo(1);
    }

    @Test
    void theSameNewsAgainIsNoProgress() {
        for (int i = 0; i < 4; i++) {
            request.on(queued(Requests.PREFILL, 3, 7));
            request.after(HALF_A_SECOND);
        }
        assertThat(request.attempt().getNumber()).isEqualTo(2);
    }

    @Test
    void aPromptThatNeedsLongerThanTheLimitCanFinish() {
        request.on(new RequestEvent.Progressed(
                Requests.PREFILL, request.progress(0).build()));
        for (int tokens = 512; tokens < 8_192; tokens += 512) {
            request.on(new RequestEvent.Progressed(
                    Requests.PREFILL,
                    request.progress(0).setComputedTokens(tokens).build()));
            request.after(Duration.ofSeconds(1));
        }
        assertThat(request.attempt().getNumber()).isEqualTo(1);
        assertThat(request.machine.phase()).isEqualTo(Phase.PREFILLING);
        request.after(Requests.LIMITS.prefilling());
        assertThat(request.attempt().getNumber()).as("it computes no more").isEqualTo(2);
    }

    @Test
    void aHandoffThatWaitsForAFullDecodeWorkerIsAlive() {
        request.on(request.tokens(Requests.PREFILL, 0, 100));
        assertThat(request.machine.phase()).isEqualTo(Phase.HANDED_OFF);
        for (int moves = 1; moves < 20; moves++) {
            request.on(queued(Requests.DECODE, 0, moves));
            request.after(HALF_A_SECOND);
        }
        assertThat(request.attempt().getNumber()).isEqualTo(1);
    }

    @Test
    void aRecordThatWaitsIsAdmittedButNotClaimed() {
        assertThat(request.on(queued(Requests.PREFILL, 3, 7))).containsExactly(new Effect.EmitAdmitted());
        assertThat(request.machine.phase()).isEqualTo(Phase.QUEUED);
        request.on(request.failure(Requests.PREFILL, Failure.Code.UNKNOWN_REQUEST));
        assertThat(request.attempt().getNumber())
                .as("its job is still in the lane")
                .isEqualTo(1);
    }

    private RequestEvent queued(WorkerRef from, int ahead, int moves) {
        Progress news = request.progress(0)
                .setQueued(Queued.newBuilder().setAhead(ahead).setMoves(moves))
                .build();
        return new RequestEvent.Progressed(from, news);
    }
}
