package dev.baton.gateway.resume;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cluster.answers.AnswerKey;
import dev.baton.cluster.answers.StoredAnswer;
import dev.baton.control.GenerationRequest;
import dev.baton.gateway.answer.PreparedRequest;
import dev.baton.gateway.dispatch.Dispatcher.TokenSink;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.TokenLogprob;
import java.io.ByteArrayOutputStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is accepted, stored, read and replayed is the same, wherever it is cut. */
class ChoiceLogTest {
    private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

    private final KeptAnswer answer = answer();

    /** Writes down each call. */
    static class Heard implements TokenSink {
        final List<String> calls = new CopyOnWriteArrayList<>();
        final List<Rejection> rejections = new CopyOnWriteArrayList<>();

        @Override
        public void rejected(Rejection rejection) {
            calls.add("rejected");
            rejections.add(rejection);
        }

        @Override
        public void admitted() {
            calls.add("admitted");
        }

        @Override
        public void cached(int tokens) {
            calls.add("cached " + tokens);
        }

        @Override
        public void token(int index, int token, @Nullable TokenLogprob logprob) {
            calls.add(index + ":" + token + (logprob == null ? "" : "/" + logprob.getLogprob()));
        }

        @Override
        public void finished(Finish.Reason reason) {
            calls.add("finished " + reason);
        }

        @Override
        public void failed(Failure failure) {
            calls.add("failed " + failure.getCode());
        }
    }

    @Test
    void everyReaderHearsTheSameWheneverItCame() {
        Heard first = read(answer);
        ChoiceLog log = answer.log(0);
        ChoiceLog.Feed feed = log.feed();
        feed.admitted();
        feed.cached(3);
        for (int i = 0; i < 700; i++) {
            feed.token(i, 10 + i, null);
        }
        Heard between = read(answer);
        feed.token(5, 99, null);
        feed.token(700, 1, null);
        feed.end(new ChoiceEnd.Finished(Finish.Reason.STOP));
        feed.end(new ChoiceEnd.Failed(Failure.getDefaultInstance()));
        Heard late = read(answer);
        assertThat(first.calls)
                .hasSize(704)
                .startsWith("admitted", "cached 3", "0:10")
                .endsWith("700:1", "finished STOP");
        assertThat(between.calls).isEqualTo(first.calls);
        assertThat(late.calls).isEqualTo(first.calls);
    }

    @Test
    void whatIsStoredReadsAsItWasWhereverTheBytesAreCut() {
        Random random = new Random(7);
        ByteArrayOutputStream stored = new ByteArrayOutputStream();
        ChoiceLog log = answer.log(0);
        ChoiceLog.Feed feed = log.feed();
        feed.admitted();
        for (int i = 0; i < 900; i++) {
            feed.token(
                    i,
                    random.nextInt(200_000),
                    TokenLogprob.newBuilder().setLogprob(i).build());
            if (random.nextInt(5) == 0) {
                stored.writeBytes(LogCodec.unsaved(answer.logs()));
            }
        }
        feed.cached(4);
        feed.end(new ChoiceEnd.Finished(Finish.Reason.LENGTH));
        stored.writeBytes(LogCodec.unsaved(answer.logs()));
        assertThat(LogCodec.unsaved(answer.logs())).isEmpty();
        byte[] bytes = stored.toByteArray();

        KeptAnswer follower = answer();
        Heard followed = read(follower);
        for (int from = 0; follower.stored() < bytes.length; ) {
            int at = (int) follower.stored();
            int to = Math.min(bytes.length, Math.max(from, at) + 1 + random.nextInt(500));
            follower.follow(read(1, Arrays.copyOfRange(bytes, at, to)), at);
            from = to;
        }
        assertThat(followed.calls).containsExactlyInAnyOrderElementsOf(read(answer).calls);
        assertThat(followed.calls).filteredOn(call -> call.contains(":")).hasSize(900);
    }

    @Test
    void whatMayNotComeAgainIsReadOnlyWhenItIsStored() {
        answer.hold();
        Heard heard = read(answer);
        ChoiceLog log = answer.log(0);
        ChoiceLog.Feed feed = log.feed();
        feed.admitted();
        feed.token(0, 7, null);
        assertThat(heard.calls).isEmpty();
        LogCodec.unsaved(answer.logs());
        feed.token(1, 8, null);
        log.saved();
        assertThat(heard.calls).containsExactly("admitted", "0:7");
        LogCodec.unsaved(answer.logs());
        log.saved();
        assertThat(heard.calls).containsExactly("admitted", "0:7", "1:8");
    }

    @Test
    void aReadThatComesLateOrTwiceIsDropped() {
        answer.log(0).feed().token(0, 7, null);
        byte[] bytes = LogCodec.unsaved(answer.logs());
        KeptAnswer follower = answer();
        follower.follow(read(1, bytes), 0);
        follower.follow(read(1, bytes), 0);
        assertThat(follower.stored()).isEqualTo(bytes.length);
        assertThat(read(follower).calls).containsExactly("0:7");
    }

    @Test
    void aFollowerGoesOnWithANewOwnersLayout() {
        ChoiceLog.Feed first = answer.log(0).feed();
        ByteArrayOutputStream old = new ByteArrayOutputStream();
        for (int i = 0; i < 8; i++) {
            first.token(i, 10 + i, null);
            old.writeBytes(LogCodec.unsaved(answer.logs()));
        }
        KeptAnswer follower = answer();
        Heard heard = read(follower);
        follower.follow(read(1, old.toByteArray()), 0);

        KeptAnswer second = answer();
        ChoiceLog.Feed next = second.log(0).feed();
        for (int i = 0; i < 10; i++) {
            next.token(i, 10 + i, null);
        }
        byte[] all = LogCodec.unsaved(second.logs());
        int from = (int) follower.stored();
        assertThat(from)
                .as("one record for each token is longer than one for all")
                .isGreaterThan(all.length);
        follower.follow(read(2, new byte[0]), from);
        follower.follow(read(2, all), (int) follower.stored());
        assertThat(heard.calls).hasSize(10).startsWith("0:10").endsWith("9:19");
    }

    @Test
    void whatWasNotStoredGoesWithItsOwner() {
        answer.hold();
        Heard heard = read(answer);
        ChoiceLog log = answer.log(0);
        ChoiceLog.Feed feed = log.feed();
        feed.token(0, 7, null);
        LogCodec.unsaved(answer.logs());
        log.saved();
        feed.token(1, 8, null);
        feed.end(new ChoiceEnd.Finished(Finish.Reason.STOP));
        log.lose();
        feed.token(1, 8, null);
        feed.end(new ChoiceEnd.Finished(Finish.Reason.STOP));
        assertThat(log.size()).isEqualTo(1);
        assertThat(log.end()).isNull();

        KeptAnswer other = answer();
        ChoiceLog.Feed newOwner = other.log(0).feed();
        newOwner.token(0, 7, null);
        newOwner.token(1, 9, null);
        newOwner.end(new ChoiceEnd.Finished(Finish.Reason.LENGTH));
        answer.follow(read(2, LogCodec.unsaved(other.logs())), 0);
        assertThat(heard.calls).containsExactly("0:7", "1:9", "finished LENGTH");
    }

    @Test
    void aReaderThatThrowsEndsAlone() {
        Heard before = read(answer);
        List<String> broken = new CopyOnWriteArrayList<>();
        new LogReader(
                        answer,
                        0,
                        new Heard() {
                            @Override
                            public void token(int index, int token, @Nullable TokenLogprob logprob) {
                                broken.add("token " + index);
                                throw new IllegalStateException("a bug");
                            }

                            @Override
                            public void failed(Failure failure) {
                                broken.add("failed");
                            }
                        },
                        true)
                .start();
        Heard after = read(answer);
        ChoiceLog.Feed feed = answer.log(0).feed();
        feed.token(0, 7, null);
        feed.token(1, 8, null);
        assertThat(before.calls).containsExactly("0:7", "1:8");
        assertThat(after.calls).containsExactly("0:7", "1:8");
        assertThat(broken).containsExactly("token 0", "failed");
    }

    @Test
    void isWholeOnlyWhenTheStoreHasItsEnd() {
        ChoiceLog log = answer.log(0);
        ChoiceLog.Feed feed = log.feed();
        feed.token(0, 7, null);
        feed.end(new ChoiceEnd.Stopped());
        assertThat(log.whole()).isFalse();
        LogCodec.unsaved(answer.logs());
        assertThat(log.whole()).isFalse();
        log.saved();
        assertThat(log.whole()).isTrue();
    }

    private static StoredAnswer read(long epoch, byte[] log) {
        return new StoredAnswer(epoch, false, Duration.ofSeconds(60), new byte[0], log);
    }

    private static Heard read(KeptAnswer answer) {
        Heard heard = new Heard();
        new LogReader(answer, 0, heard, true).start();
        return heard;
    }

    static KeptAnswer answer() {
        GenerationRequest request = new GenerationRequest(
                "r",
                "tenant",
                "m",
                new int[] {1},
                Sampling.getDefaultInstance(),
                Stopping.newBuilder().setMaxTokens(1_000).build(),
                0,
                Instant.EPOCH.plusSeconds(60),
                RequestTags.getDefaultInstance(),
                null);
        PreparedRequest prepared = new PreparedRequest(
                "cmpl-r",
                0,
                "m",
                Shape.COMPLETION,
                List.of(request),
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
        return new KeptAnswer(new AnswerKey("tenant", "id"), "key", prepared, new byte[0], request.deadline(), CLOCK);
    }
}
