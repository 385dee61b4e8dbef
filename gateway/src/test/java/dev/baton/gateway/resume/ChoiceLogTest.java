package dev.baton.gateway.resume;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cluster.answers.AnswerKey;
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
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is accepted, stored, read and replayed is the same, wherever it is cut. */
class ChoiceLogTest {
    private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);

    private final KeptAnswer answer = answer();

    /** Writes down each call. */
    private static final class Heard implements TokenSink {
        final List<String> calls = new ArrayList<>();

        @Override
        public void rejected(Rejection rejection) {
            calls.add("rejected");
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
        log.admitted();
        log.cached(3);
        for (int i = 0; i < 700; i++) {
            log.token(i, 10 + i, null);
        }
        Heard between = read(answer);
        log.token(5, 99, null);
        log.token(700, 1, null);
        log.end(new ChoiceEnd.Finished(Finish.Reason.STOP));
        log.end(new ChoiceEnd.Failed(Failure.getDefaultInstance()));
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
        log.admitted();
        for (int i = 0; i < 900; i++) {
            log.token(
                    i,
                    random.nextInt(200_000),
                    TokenLogprob.newBuilder().setLogprob(i).build());
            if (random.nextInt(5) == 0) {
                stored.writeBytes(LogCodec.unsaved(answer.logs()));
            }
        }
        log.cached(4);
        log.end(new ChoiceEnd.Finished(Finish.Reason.LENGTH));
        stored.writeBytes(LogCodec.unsaved(answer.logs()));
        assertThat(LogCodec.unsaved(answer.logs())).isEmpty();
        byte[] bytes = stored.toByteArray();

        KeptAnswer follower = answer();
        Heard followed = read(follower);
        for (int from = 0; follower.stored() < bytes.length; ) {
            int at = (int) follower.stored();
            int to = Math.min(bytes.length, Math.max(from, at) + 1 + random.nextInt(500));
            follower.follow(at, Arrays.copyOfRange(bytes, at, to));
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
        log.admitted();
        log.token(0, 7, null);
        assertThat(heard.calls).isEmpty();
        LogCodec.unsaved(answer.logs());
        log.token(1, 8, null);
        log.saved();
        assertThat(heard.calls).containsExactly("admitted", "0:7");
        LogCodec.unsaved(answer.logs());
        log.saved();
        assertThat(heard.calls).containsExactly("admitted", "0:7", "1:8");
    }

    @Test
    void aReadThatComesLateOrTwiceIsDropped() {
        answer.log(0).token(0, 7, null);
        byte[] bytes = LogCodec.unsaved(answer.logs());
        KeptAnswer follower = answer();
        follower.follow(0, bytes);
        follower.follow(0, bytes);
        assertThat(follower.stored()).isEqualTo(bytes.length);
        assertThat(read(follower).calls).containsExactly("0:7");
    }

    @Test
    void isWholeOnlyWhenTheStoreHasItsEnd() {
        ChoiceLog log = answer.log(0);
        log.token(0, 7, null);
        log.end(new ChoiceEnd.Stopped());
        assertThat(log.whole()).isFalse();
        LogCodec.unsaved(answer.logs());
        assertThat(log.whole()).isFalse();
        log.saved();
        assertThat(log.whole()).isTrue();
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
                false,
                null,
                null,
                List.of());
        return new KeptAnswer(new AnswerKey("tenant", "id"), "key", prepared, new byte[0], request.deadline(), CLOCK);
    }
}
