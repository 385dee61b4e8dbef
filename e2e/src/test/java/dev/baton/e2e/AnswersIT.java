package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.e2e.GatewayCalls.Answer;
import dev.baton.tokenizer.ModelTokenizer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

/** What comes out at the gateway is what the model says. */
@WithBaton
@Order(1)
class AnswersIT {
    /** More than any prompt of the same size that the gateway would keep on the decode worker by itself. */
    private static final int LONG_PROMPT = 64;

    private static final int TOGETHER = 32;

    private static RunningBaton baton;
    private static ModelTokenizer tokenizer;

    @BeforeAll
    static void start(RunningBaton running) throws IOException {
        baton = running;
        tokenizer = ModelTokenizer.open(RunningBaton.MODEL);
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    @Test
    void streamsEveryLongChatOfTheReferenceTokenByToken() {
        List<Reference.Chat> chats = Reference.chats().stream()
                .filter(chat -> chat.prompt().size() > LONG_PROMPT)
                .toList();
        assertThat(chats).hasSizeGreaterThanOrEqualTo(15);
        for (Reference.Chat chat : chats) {
            Answer answer = baton.calls().stream(GatewayCalls.CHAT, chat.request());
            assertThat(answer.text()).as(chat.name()).isEqualTo(chat.answer());
            assertThat(answer.tokens()).as(chat.name()).startsWith(texts(chat, chat.stop()));
            assertThat(answer.finish()).as(chat.name()).isEqualTo(chat.stops() ? "stop" : "length");
            assertThat(answer.timing().has("transfer"))
                    .as(chat.name() + " moved its KV from the prefill worker: " + answer.timing())
                    .isTrue();
        }
    }

    @Test
    void streamsEveryShortChatOfTheReferencePastItsEnd() throws InterruptedException {
        List<Reference.Chat> chats = Reference.chats().stream()
                .filter(chat -> chat.prompt().size() <= LONG_PROMPT)
                .toList();
        List<Answer> answers = baton.calls()
                .together(
                        GatewayCalls.COMPLETIONS,
                        chats.stream().map(Reference.Chat::completion).toList());
        for (int i = 0; i < chats.size(); i++) {
            Reference.Chat chat = chats.get(i);
            assertThat(answers.get(i).tokens())
                    .as(chat.name())
                    .containsExactly(texts(chat, chat.continuation().size()));
            assertThat(answers.get(i).finish()).as(chat.name()).isEqualTo("length");
        }
    }

    @Test
    void answersThirtyTwoTogetherAsEachAlone() throws InterruptedException {
        List<ObjectNode> requests = mixed();
        List<Answer> alone = requests.stream()
                .map(request -> baton.calls().stream(GatewayCalls.CHAT, request))
                .toList();
        List<Answer> together = baton.calls().together(GatewayCalls.CHAT, requests);
        for (int i = 0; i < TOGETHER; i++) {
            assertThat(alone.get(i).text()).as("%s", requests.get(i)).isNotEmpty();
            assertThat(together.get(i).text())
                    .as("%s", requests.get(i))
                    .isEqualTo(alone.get(i).text());
            assertThat(together.get(i).finish())
                    .as("%s", requests.get(i))
                    .isEqualTo(alone.get(i).finish());
        }
    }

    @Test
    void dropsARequestWhoseClientHasLeft() {
        double cancelled = baton.gatewayCounter("baton_dispatch_ended_total", "outcome=\"cancelled\"");
        ObjectNode endless = GatewayCalls.chat("Tell me a long story")
                .put("ignore_eos", true)
                .put("max_tokens", 1_900);
        baton.calls()
                .leave(
                        GatewayCalls.CHAT,
                        endless,
                        5,
                        () -> assertThat(baton.decoding())
                                .as("it runs somewhere")
                                .hasSize(1));
        baton.awaitIdle(Duration.ofSeconds(2));
        assertThat(baton.gatewayCounter("baton_dispatch_ended_total", "outcome=\"cancelled\""))
                .as("it ended because the client left")
                .isEqualTo(cancelled + 1);
        assertThat(baton.pools())
                .allSatisfy(pool ->
                        assertThat(pool.free() + pool.cached()).as("%s", pool).isGreaterThanOrEqualTo(pool.blocks()));
    }

    /** Short and long prompts, short and long answers, half of them sampled with a seed. */
    private static List<ObjectNode> mixed() {
        List<Reference.Chat> chats = Reference.chats();
        List<ObjectNode> requests = new ArrayList<>();
        for (int i = 0; i < TOGETHER; i++) {
            ObjectNode request =
                    chats.get(i * (chats.size() - 1) / (TOGETHER - 1)).request();
            request.put("logprobs", false).put("max_tokens", 5 + i * 37 % 90);
            if (i % 2 == 1) {
                request.put("temperature", 0.8).put("seed", i);
            }
            requests.add(request);
        }
        return requests;
    }

    private static String[] texts(Reference.Chat chat, int tokens) {
        return chat.continuation().stream()
                .limit(tokens)
                .map(tokenizer::tokenText)
                .toArray(String[]::new);
    }
}
