package dev.baton.gateway.answer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.gateway.dispatch.Dispatcher.TokenSink;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A sink that takes long keeps nobody waiting, and hears all in its order. */
class OffLoopTest {
    private final CountDownLatch blocked = new CountDownLatch(1);
    private final CountDownLatch over = new CountDownLatch(1);
    private final List<String> heard = new ArrayList<>();
    private final OffLoop off = new OffLoop(new Slow(), Thread::startVirtualThread);

    private final class Slow implements TokenSink {
        @Override
        public void rejected(Rejection rejection) {
            heard.add("rejected");
        }

        @Override
        public void token(int index, int token, @Nullable TokenLogprob logprob) {
            if (index == 0) {
                await(blocked);
            }
            if (token < 0) {
                throw new IllegalArgumentException("no such token");
            }
            heard.add("token " + index);
        }

        @Override
        public void finished(Finish.Reason reason) {
            heard.add("finished");
            over.countDown();
        }

        @Override
        public void failed(Failure failure) {
            heard.add("failed");
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void callsReturnAtOnceAndComeInOrder() {
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            off.token(i, i == 7 ? -1 : 1, null);
            expected.add(i == 7 ? "failed" : "token " + i);
        }
        off.finished(Finish.Reason.STOP);
        expected.add("finished");
        blocked.countDown();
        await(over);
        assertThat(heard).isEqualTo(expected);
    }
}
