package dev.baton.gateway.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** How many requests may wait on one connection, without a server. */
class RequestDeadlinesTest {
    private final EmbeddedChannel channel =
            new EmbeddedChannel(new RequestDeadlines(Duration.ofSeconds(10), Duration.ofSeconds(10)));

    private void asks(int times) {
        for (int i = 0; i < times; i++) {
            channel.writeInbound(new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/v1/models"));
        }
    }

    private void answers(HttpResponseStatus status) {
        channel.writeOutbound(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status));
    }

    @Test
    void closesWhenMoreThanSixtyFourRequestsWait() {
        asks(64);
        assertThat(channel.isOpen()).isTrue();
        asks(1);
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void countsWhatWaitsAndNotWhatWasAnswered() {
        for (int i = 0; i < 200; i++) {
            asks(1);
            answers(HttpResponseStatus.CONTINUE);
            answers(HttpResponseStatus.OK);
        }
        assertThat(channel.isOpen()).isTrue();
        asks(65);
        assertThat(channel.isOpen()).isFalse();
    }
}
