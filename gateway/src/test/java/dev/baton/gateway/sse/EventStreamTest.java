package dev.baton.gateway.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.gateway.body.ConnectionHandle;
import dev.baton.gateway.json.JsonText;
import dev.baton.gateway.logprobs.LogprobFormat;
import dev.baton.gateway.logprobs.Logprobs;
import dev.baton.gateway.sse.ChunkTemplates.Shape;
import dev.baton.protocol.v1.TokenLogprob;
import dev.baton.tokenizer.ModelTokenizer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

/** Merging, ticking and ending, without a server. */
class EventStreamTest {
    private final AtomicInteger cancelled = new AtomicInteger();
    private final AtomicLong backlog = new AtomicLong();
    private final Reader reader = new Reader();
    private final AtomicLong released = new AtomicLong();
    private final EventStream stream = new EventStream(
            new ChunkTemplates(Shape.COMPLETION, "cmpl-1", 7, "m", null, null, 2),
            LogprobFormat.completion(tokenizer()),
            2,
            new ConnectionHandle(UnpooledByteBufAllocator.DEFAULT, Runnable::run, () -> backlog.get() == 0, () -> {}),
            new EventStream.Holder() {
                @Override
                public void released(long bytes) {
                    released.addAndGet(bytes);
                }

                @Override
                public void abandoned() {
                    cancelled.incrementAndGet();
                }
            });

    private static ModelTokenizer tokenizer() {
        try {
            return ModelTokenizer.open(Path.of("..", "models", "demo"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class Reader extends BaseSubscriber<ByteBuf> {
        final List<String> events = new ArrayList<>();
        boolean complete;

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            // Asks for nothing until the test does.
        }

        @Override
        protected void hookOnNext(ByteBuf buffer) {
            events.add(buffer.toString(StandardCharsets.UTF_8));
            buffer.release();
        }

        @Override
        protected void hookOnComplete() {
            complete = true;
        }
    }

    private static String chunk(int choice, String text) {
        return "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":7,\"model\":\"m\",\"choices\":[{\"index\":"
                + choice + ",\"text\":\"" + text + "\",\"logprobs\":null,\"finish_reason\":null}]}\n\n";
    }

    @Test
    void writesEachPieceByItselfToAReaderThatKeepsUp() {
        stream.subscribe(reader);
        reader.request(100);
        stream.text(0, 0, "a", null);
        stream.text(0, 0, "b", null);
        assertThat(reader.events).containsExactly(chunk(0, "a"), chunk(0, "b"));
    }

    @Test
    void mergesWhatASlowReaderHasNotTakenAndKeepsChoicesApart() {
        stream.subscribe(reader);
        stream.text(0, 0, "a", null);
        stream.text(1, 0, "x", null);
        stream.text(0, 0, "b", null);
        stream.finish(0, 0, "stop");
        stream.text(1, 0, "y", null);
        reader.request(2);
        assertThat(reader.events).containsExactly(chunk(0, "ab"), chunk(1, "xy"));
    }

    private static Logprobs logprobs(int tops) {
        TokenLogprob.Builder logprob = TokenLogprob.newBuilder().setLogprob(-1);
        for (int i = 0; i < tops; i++) {
            logprob.addTopIds(20 + i).addTopLogprobs(-i);
        }
        return Logprobs.of(20, logprob.build(), 0);
    }

    @Test
    void writesFewAndNeverLongEventsToASlowReader() {
        stream.subscribe(reader);
        for (int i = 0; i < 2000; i++) {
            stream.text(0, 0, "word ", logprobs(20));
        }
        stream.finish(0, 0, "length");
        stream.end(Map.of());
        reader.request(Long.MAX_VALUE);
        assertThat(reader.events).hasSizeBetween(20, 200).allMatch(event -> event.length() < 50_000);
        assertThat(String.join("", reader.events).split("word ", -1)).hasSize(2001);
        assertThat(reader.complete).isTrue();
        assertThat(released).hasValue(2000 * EventStream.bytes(5, logprobs(20)));
    }

    @Test
    void makesNothingForASocketThatIsFull() {
        stream.subscribe(reader);
        reader.request(100);
        backlog.set(100_000);
        stream.text(0, 0, "a", null);
        stream.text(0, 0, "b", null);
        assertThat(reader.events).isEmpty();
        backlog.set(0);
        stream.wake();
        assertThat(reader.events).containsExactly(chunk(0, "ab"));
    }

    @Test
    void putsAnErrorInThePlaceOfAllThatWaits() {
        stream.subscribe(reader);
        stream.text(0, 0, "a", null);
        stream.finish(0, 0, "stop");
        stream.finish(1, 0, "stop");
        stream.end(Map.of());
        stream.dropAndFail("{\"error\":{}}");
        reader.request(100);
        assertThat(reader.events).containsExactly("event: error\ndata: {\"error\":{}}\n\n", "data: [DONE]\n\n");
        assertThat(reader.complete).isTrue();
    }

    @Test
    void neverPutsTextAfterTheReason() {
        stream.subscribe(reader);
        stream.text(0, 0, "a", null);
        stream.finish(0, 0, "length");
        stream.finish(1, 0, "stop");
        stream.end(Map.of("usage", "{}"));
        reader.request(100);
        assertThat(reader.events).hasSize(5);
        assertThat(reader.events.get(1)).contains("\"finish_reason\":\"length\"");
        assertThat(reader.events.get(3)).endsWith("\"choices\":[],\"usage\":{}}\n\n");
        assertThat(reader.events.get(4)).isEqualTo("data: [DONE]\n\n");
        assertThat(reader.complete).isTrue();
    }

    @Test
    void dropsWhatComesAfterTheEnd() {
        stream.subscribe(reader);
        reader.request(100);
        stream.fail("{\"error\":{}}");
        stream.text(0, 0, "late", null);
        stream.end(Map.of());
        assertThat(reader.events).containsExactly("event: error\ndata: {\"error\":{}}\n\n", "data: [DONE]\n\n");
    }

    @Test
    void commentsOnlyWhenNothingWasWrittenSinceTheLastTick() {
        stream.subscribe(reader);
        reader.request(100);
        stream.text(0, 0, "a", null);
        stream.tick();
        assertThat(reader.events).hasSize(1);
        stream.tick();
        assertThat(reader.events).hasSize(2);
        assertThat(reader.events.getLast()).isEqualTo(": \n\n");
    }

    @Test
    void queuesNoCommentForAReaderThatTakesNothing() {
        stream.subscribe(reader);
        stream.text(0, 0, "a", null);
        stream.tick();
        stream.tick();
        reader.request(100);
        assertThat(reader.events).as("text waited").containsExactly(chunk(0, "a"));
        backlog.set(5000);
        stream.tick();
        stream.tick();
        backlog.set(0);
        stream.wake();
        assertThat(reader.events).as("the socket was full").hasSize(1);
    }

    @Test
    void tellsOnceThatTheReaderLeft() {
        stream.subscribe(reader);
        reader.cancel();
        stream.cancel();
        stream.text(0, 0, "a", null);
        assertThat(cancelled).hasValue(1);
        assertThat(reader.events).isEmpty();
    }

    @Test
    void escapesWhatWouldBreakJsonOrAnSseReader() {
        StringBuilder out = new StringBuilder();
        JsonText.escape("a\"\\\n\r\t\u0001\u0085\u2028😀é" + '\uD83D', out);
        assertThat(out).hasToString("a\\\"\\\\\\n\\r\\t\\u0001\\u0085\\u2028😀é\\ud83d");
    }
}
