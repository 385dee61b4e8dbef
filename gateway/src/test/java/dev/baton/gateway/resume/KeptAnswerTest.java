package dev.baton.gateway.resume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cluster.answers.OwnedAnswer;
import dev.baton.gateway.dispatch.Dispatcher.TokenSink;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
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
    private final RecordingHandle running = new RecordingHandle();

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
        Tenure tenure = answer.own(mine, new byte[0], Settlement.NONE);
        assertThat(tenure.run(0, running)).isTrue();
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
        Thread takes = Thread.ofPlatform().daemon().start(() -> tenure.feed(0).token(0, 7, null));

        assertThat(takes.join(LONG)).as("the token is taken").isTrue();
        assertThat(writes.join(LONG)).as("the write is done").isTrue();
        assertThat(answer.log(0).end()).isEqualTo(new ChoiceEnd.Stopped());
        assertThat(running.calls).containsExactly("start", "complete");
    }

    @Test
    void nothingBeginsAfterItsOwnerWasReplaced() {
        Tenure tenure = answer.own(mine, new byte[0], Settlement.NONE);
        assertThat(answer.lose(mine)).isTrue();
        assertThat(tenure.run(0, running)).isFalse();
        assertThat(running.calls).isEmpty();
        tenure.feed(0).token(0, 7, null);
        assertThat(answer.log(0).size()).isZero();
    }

    @Test
    void whatIsWrittenAnewIsByteForByteWhatWasThere() {
        Tenure tenure = answer.own(mine, new byte[0], Settlement.NONE);
        byte[] there = new byte[0];
        for (int i = 0; i < 5; i++) {
            tenure.feed(0).token(i, 7, null);
            Write write = Objects.requireNonNull(answer.nextWrite());
            assertThat(write.append().at()).isEqualTo(there.length);
            there = concat(there, write.append().bytes());
            if (i < 4) {
                answer.kept(write);
            } else {
                answer.notKept(write);
            }
        }
        assertThat(answer.forgotten(mine)).isTrue();
        Write anew = Objects.requireNonNull(answer.nextWrite());
        assertThat(anew.anew()).isTrue();
        assertThat(anew.append().at()).isZero();
        assertThat(anew.append().bytes()).isEqualTo(there);
        assertThat(answer.nextWrite()).as("one write at a time").isNull();
        answer.kept(anew);
        assertThat(answer.nextWrite()).isNull();
    }

    @Test
    void aLateWordOfAnEarlierOwnershipChangesNothing() {
        answer.own(mine, new byte[0], Settlement.NONE);
        answer.lose(mine);
        Tenure again = answer.own(mine.next(), new byte[0], Settlement.NONE);
        assertThat(answer.lose(mine)).isFalse();
        assertThat(answer.forgotten(mine)).isFalse();
        assertThat(answer.tenure()).isSameAs(again);
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
