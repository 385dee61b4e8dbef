package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.e2e.GatewayCalls.Answer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** Workers that cannot map each other's memory, as on two hosts. */
@WithBaton(Setup.TCP)
@Order(7)
class TcpIT {
    private static final int LONG_PROMPT = 100;
    private static final int CHATS = 6;
    /** Words of a prompt of about 1,500 tokens. */
    private static final int WORDS = 1_150;

    private static RunningBaton baton;

    @BeforeAll
    static void start(RunningBaton running) {
        baton = running;
    }

    @Test
    void streamsLongChatsOfTheReferenceWhoseKvCameOverTcp() {
        List<Reference.Chat> chats = Reference.chats().stream()
                .filter(chat -> chat.prompt().size() > LONG_PROMPT)
                .limit(CHATS)
                .toList();
        assertThat(chats).hasSize(CHATS);
        for (Reference.Chat chat : chats) {
            Answer answer = baton.calls().stream(GatewayCalls.CHAT, chat.request());
            assertThat(answer.text()).as(chat.name()).isEqualTo(chat.answer());
        }
        assertThat(received("TCP")).isPositive();
        assertThat(received("")).as("all of it over TCP").isEqualTo(received("TCP"));
    }

    @Test
    void freesBothWorkersBlocksWhenTheClientLeavesInTheMiddleOfALongPrefill() {
        double cancelled = baton.gatewayCounter("baton_dispatch_ended_total", "outcome=\"cancelled\"");
        double computed = computed();
        baton.calls()
                .leaveWhen(
                        GatewayCalls.CHAT,
                        GatewayCalls.chat("red fox ".repeat(WORDS / 2)),
                        () -> await().pollInterval(Duration.ofMillis(2))
                                .atMost(Duration.ofSeconds(20))
                                .until(() -> baton.pool("prefill-0").running() > 0));
        await().atMost(Duration.ofSeconds(20))
                .until(() ->
                        baton.gatewayCounter("baton_dispatch_ended_total", "outcome=\"cancelled\"") == cancelled + 1);
        baton.awaitIdle(Duration.ofSeconds(5));
        assertThat(computed() - computed)
                .as("fault not applied: the whole prompt was computed")
                .isLessThan(WORDS);
    }

    private static double received(String transport) {
        return baton.counter("decode-0", "baton_transfer_bytes_total", transport);
    }

    private static double computed() {
        return baton.counter("prefill-0", "baton_engine_tokens_total", "kind=\"prefill\"");
    }
}
