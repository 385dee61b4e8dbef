package dev.baton.gateway.resume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.answers.OwnedAnswer;
import dev.baton.gateway.dispatch.Dispatcher.RequestHandle;
import dev.baton.gateway.dispatch.Dispatcher.TokenSink;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.gateway.dispatch.TtftBreakdown;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An answer that this gateway runs, while it is read, written and taken away. */
@Timeout(60)
class KeptAnswerTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    private final KeptAnswer answer = ChoiceLogTest.answer();
    private final OwnedAnswer mine = new OwnedAnswer(answer.key(), "m", 1);
    private final Running running = new Running();

    /** A generation that only writes down what it is told. */
    private static final class Running implements RequestHandle {
        final List<String> calls = new ArrayList<>();

        @Override
        public void start() {
            calls.add("start");
        }

        @Override
        public void cancel() {
            calls.add("cancel");
        }

        @Override
        public void handedOver() {
            calls.add("handed over");
        }

        @Override
        public void complete() {
            calls.add("complete");
        }

        @Override
        public TtftBreakdown timing() {
            return TtftBreakdown.NONE;
        }
    }

    /** Does something at each token. */
    private record AtToken(Runnable what) implements TokenSink {
        @Override
        public void token(int index, int token, @Nullable TokenLogprob logprob) {
            what.run();
        }

        @Override
        public void rejected(Rejection rejection) {}

        @Override
        public void finished(Finish.Reason reason) {}

        @Override
        public void failed(Failure failure) {}
    }

    @Test
    void aStopThatAReaderFindsDoesNotWaitForAWriteThatWaitsForTheLog() throws Exception {
        answer.own(mine, new byte[0], Settlement.NONE);
        answer.runs(0, running);
        Thread writes = Thread.ofPlatform().daemon().unstarted(answer::nextWrite);
        AtomicReference<LogReader> reader = new AtomicReference<>();
        reader.set(new LogReader(
                answer,
                0,
                new AtToken(() -> {
                    writes.start();
                    await().atMost(LONG).until(() -> writes.getState() == Thread.State.BLOCKED);
                    reader.get().complete();
                }),
                true));
        reader.get().start();
        Thread takes = Thread.ofPlatform().daemon().start(() -> answer.log(0).token(0, 7, null));

        assertThat(takes.join(LONG)).as("the token is taken").isTrue();
        assertThat(writes.join(LONG)).as("the write is done").isTrue();
        assertThat(answer.log(0).end()).isEqualTo(new ChoiceEnd.Stopped());
        assertThat(running.calls).containsExactly("complete");
    }
}
