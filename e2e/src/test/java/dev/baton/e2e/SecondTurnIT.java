package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The next turn of a conversation finds the KV of the one before, its answer included. */
@WithBaton(Setup.DEFAULTS)
@Order(6)
class SecondTurnIT {
    private static RunningBaton baton;

    @BeforeAll
    static void start(RunningBaton running) {
        baton = running;
    }

    /** A short first question is computed where it is decoded, a long one by a prefill worker. */
    @ParameterizedTest
    @ValueSource(ints = {1, 60})
    void findsEveryFullBlockOfTheFirstTurn(int sentences) throws IOException {
        Conversation.SecondTurn second = Conversation.begin(
                        baton,
                        "Tell me of turn %d. ".formatted(sentences) + "The fox went to the river. ".repeat(sentences))
                .goOn();
        assertThat(second.cached())
                .as("cached, of %d tokens in common", second.common())
                .isEqualTo(second.commonBlocks() * Conversation.BLOCK);
    }
}
