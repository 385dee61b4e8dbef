package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.e2e.GatewayCalls.Answer;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** What people get who set nothing: activations as the processor likes them, prompts split as it pays. */
@WithBaton(Setup.DEFAULTS)
@Order(6)
class DefaultsIT {
    /** The setting's default: a longer prompt is computed elsewhere. */
    private static final int LOCAL_TOKENS = 64;

    private static final int TOGETHER = 8;

    private static RunningBaton baton;

    @BeforeAll
    static void start(RunningBaton running) {
        baton = running;
    }

    @Test
    void computesAShortPromptWhereItIsDecoded() {
        Reference.Chat chat = Reference.chats().stream()
                .filter(each -> each.prompt().size() <= LOCAL_TOKENS && each.stops())
                .findFirst()
                .orElseThrow();
        Answer answer = baton.calls().stream(GatewayCalls.CHAT, chat.request());
        assertThat(answer.text()).isNotEmpty();
        assertThat(answer.finish()).isEqualTo("stop");
        assertThat(answer.timing().has("transfer"))
                .as("nothing moved: %s", answer.timing())
                .isFalse();
    }

    /** The KV that has moved in the default element type gives the same bits as alone, and as cached. */
    @Test
    void answersLongChatsTogetherAsEachAlone() throws InterruptedException {
        List<Reference.Chat> chats = Reference.chats().stream()
                .filter(chat -> chat.prompt().size() > LOCAL_TOKENS)
                .limit(TOGETHER)
                .toList();
        List<Answer> alone = chats.stream()
                .map(chat -> baton.calls().stream(GatewayCalls.CHAT, chat.request()))
                .toList();
        assertThat(alone)
                .as("some moved their KV from the prefill worker")
                .anySatisfy(
                        answer -> assertThat(answer.timing().has("transfer")).isTrue());
        List<Answer> together = baton.calls()
                .together(
                        GatewayCalls.CHAT,
                        chats.stream().map(Reference.Chat::request).toList());
        for (int i = 0; i < chats.size(); i++) {
            assertThat(together.get(i).tokens())
                    .as("%s", chats.get(i))
                    .isNotEmpty()
                    .isEqualTo(alone.get(i).tokens());
        }
        assertThat(alone.stream()
                        .filter(answer -> answer.text()
                                .equals(chats.get(alone.indexOf(answer)).answer())))
                .as("answers that agree to the letter with the reference in f32: rounding may part a few")
                .hasSizeGreaterThanOrEqualTo(TOGETHER / 2);
    }
}
