package dev.baton.gateway.sse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.gateway.body.ConnectionHandle;
import dev.baton.gateway.json.JsonPart;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

/** What a streamed response keeps, without a server. */
class ResponseEventsTest {
    private final AtomicInteger closed = new AtomicInteger();
    private final AtomicInteger abandoned = new AtomicInteger();
    private final Reader reader = new Reader();

    private ResponseEvents stream(String repeated) {
        return new ResponseEvents(
                new ResponseHead("resp_1", 7, "m", repeated),
                new ConnectionHandle(
                        UnpooledByteBufAllocator.DEFAULT, Runnable::run, () -> true, closed::incrementAndGet),
                new EventStream.Holder() {
                    @Override
                    public void released(long bytes) {}

                    @Override
                    public void abandoned() {
                        abandoned.incrementAndGet();
                    }
                });
    }

    private static final class Reader extends BaseSubscriber<ByteBuf> {
        final StringBuilder text = new StringBuilder();
        int longest;
        boolean complete;

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            // Asks for nothing until the test does.
        }

        @Override
        protected void hookOnNext(ByteBuf buffer) {
            longest = Math.max(longest, buffer.readableBytes());
            text.append(buffer.toString(StandardCharsets.UTF_8));
            buffer.release();
        }

        @Override
        protected void hookOnComplete() {
            complete = true;
        }
    }

    @Test
    void keepsNothingOnceItIsEvicted() {
        ResponseEvents events = stream("\"a\":1");
        events.subscribe(reader);
        events.reasoning(0, 0, "Hm.".repeat(1_000));
        events.text(0, 1, "Ho.".repeat(10_000), null);
        assertThat(events.keepsText()).isTrue();
        events.dropAndFail("{\"code\":\"full\"}");
        assertThat(events.keepsText()).isFalse();
        events.text(0, 2, "more", null);
        events.end(Map.of());
        assertThat(events.keepsText()).isFalse();
        reader.request(100);
        assertThat(reader.text)
                .contains("event: response.failed", "\"code\":\"full\"")
                .doesNotContain("Ho.");
        assertThat(reader.complete).isTrue();
        assertThat(closed).hasValue(0);
    }

    @Test
    void closesWhatIsEvictedInTheMidstOfAnEvent() {
        ResponseEvents events = stream("\"a\":1");
        events.subscribe(reader);
        events.text(0, 1, "Ho.".repeat(10_000), null);
        events.finish(0, 1, "stop");
        reader.request(4);
        events.end(Map.of());
        while (!reader.text.toString().contains("output_text.done")) {
            reader.request(1);
        }
        events.dropAndFail("{}");
        assertThat(events.keepsText()).isFalse();
        reader.request(100);
        assertThat(reader.text).doesNotContain("response.failed");
        assertThat(reader.complete).isFalse();
        assertThat(closed).hasValue(1);
        assertThat(abandoned).hasValue(1);
    }

    @Test
    void writesWhatIsRepeatedPieceByPiece() {
        ResponseEvents events = stream("\"a\":\"" + "x".repeat(100_000) + "\"");
        events.subscribe(reader);
        reader.request(1_000);
        assertThat(reader.text.chars().filter(c -> c == 'x')).hasSize(200_000);
        assertThat(reader.longest).isLessThan(16 * 1024);
        JsonPart whole = new ResponseHead("resp_1", 7, "m", "\"a\":\"" + "x".repeat(100_000) + "\"")
                .whole(List.of(), "stop", "null");
        StringBuilder out = new StringBuilder();
        assertThat(whole.write(out, 1_000)).isFalse();
        assertThat(out).hasSizeLessThan(16 * 1024);
    }
}
