package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Comments for a client that waits less long for a byte than the gateway's own interval. */
class KeepAliveTest {
    @Test
    void aClientThatWaitsLessHearsCommentsSooner() throws Exception {
        try (EdgeServer server = EdgeServer.start("--baton.http.keep-alive=15s");
                RawHttp.Exchange exchange = server.http()
                        .open(
                                "POST",
                                "/v1/completions",
                                "{\"model\":\"demo\",\"prompt\":\"x\",\"stream\":true}",
                                "x-stainless-read-timeout: 1.0")) {
            server.dispatcher().next().admits();
            exchange.head();
            long begun = System.nanoTime();
            exchange.socket.setSoTimeout(10_000);
            assertThat(exchange.chunk()).isEqualTo(": \n\n");
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
        }
    }
}
