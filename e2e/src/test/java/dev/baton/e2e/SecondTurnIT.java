package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The next turn of a conversation finds the KV of the one before, its answer included. */
@WithBaton(Setup.DEFAULTS)
@Order(6)
class SecondTurnIT {
    private static final int CHATS = 5;

    private static RunningBaton baton;

    @BeforeAll
    static void start(RunningBaton running) {
        baton = running;
    }

    /** A short first question is computed where it is decoded, a long one by a prefill worker. */
    @ParameterizedTest
    @ValueSource(ints = {1, 60})
    void findsEveryFullBlockOfTheFirstTurn(int sentences) throws IOException {
        for (int chat = 1; chat <= CHATS; chat++) {
            List<Double> before = decoded();
            Conversation.FirstTurn first = Conversation.begin(
                    baton,
                    "Tell me of turn %d of chat %d. ".formatted(sentences, chat)
                            + "The fox went to the river. ".repeat(sentences));
            List<Double> after = decoded();
            Conversation.SecondTurn second = first.goOn();
            if (raised(before, after).equals(raised(after, decoded()))) {
                assertThat(second.cached())
                        .as("cached, of %d tokens in common", second.common())
                        .isEqualTo(second.commonBlocks() * Conversation.BLOCK);
                return;
            }
            // A worker that was silent for a moment, as on a busy machine, gets no new turn.
        }
        fail("%d chats, and the second turn of each left the worker that held the first".formatted(CHATS));
    }

    private static List<Double> decoded() {
        return baton.pools().stream()
                .map(RunningBaton.Pool::worker)
                .filter(worker -> worker.startsWith("decode"))
                .map(worker -> baton.counter(worker, "baton_engine_tokens_total", "kind=\"decode\""))
                .toList();
    }

    /** Which of the numbers have grown. */
    private static List<Boolean> raised(List<Double> before, List<Double> after) {
        return IntStream.range(0, before.size())
                .mapToObj(worker -> after.get(worker) > before.get(worker))
                .toList();
    }
}
