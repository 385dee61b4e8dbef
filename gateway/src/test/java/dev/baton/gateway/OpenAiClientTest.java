package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The official Java client works unchanged. */
class OpenAiClientTest {
    private static EdgeServer server;
    private static OpenAIClient client;

    @BeforeAll
    static void start() {
        server = EdgeServer.start();
        client = server.openAi();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    @AfterEach
    void forget() {
        server.dispatcher().forget();
    }

    private static void says(String text) {
        server.dispatcher().plays(call -> {
            call.admits().found(2);
            int index = 0;
            for (int token : server.tokenizer().encode(text, false)) {
                call.sink.token(
                        index++,
                        token,
                        call.submission.sampling().getLogprobs()
                                ? TokenLogprob.newBuilder().setLogprob(-0.25f).build()
                                : null);
            }
            call.finishes(Finish.Reason.STOP);
        });
    }

    private static ChatCompletionCreateParams.Builder chat() {
        return ChatCompletionCreateParams.builder().model("demo").addUserMessage("Tell me a tale.");
    }

    @Test
    void readsAWholeChat() {
        says("Once upon a time.");
        ChatCompletion answer =
                client.chat().completions().create(chat().logprobs(true).build());
        assertThat(answer.choices().getFirst().message().content()).contains("Once upon a time.");
        assertThat(answer.choices().getFirst().finishReason().asString()).isEqualTo("stop");
        assertThat(answer.choices()
                        .getFirst()
                        .logprobs()
                        .orElseThrow()
                        .content()
                        .orElseThrow())
                .hasSize(server.tokenizer().encode("Once upon a time.", false).length);
        assertThat(answer.usage()
                        .orElseThrow()
                        .promptTokensDetails()
                        .orElseThrow()
                        .cachedTokens())
                .contains(2L);
        answer.validate();
    }

    @Test
    void readsAStreamedChat() {
        says("Once upon a time.");
        ChatCompletionCreateParams params = chat().streamOptions(
                        ChatCompletionStreamOptions.builder().includeUsage(true).build())
                .build();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(params)) {
            List<ChatCompletionChunk> chunks = stream.stream().toList();
            StringBuilder text = new StringBuilder();
            for (ChatCompletionChunk chunk : chunks) {
                chunk.validate();
                assertThat(chunk.id()).isEqualTo(chunks.getFirst().id());
                chunk.choices().forEach(choice -> choice.delta().content().ifPresent(text::append));
            }
            assertThat(text).hasToString("Once upon a time.");
            assertThat(chunks.getLast().choices()).isEmpty();
            assertThat(chunks.getLast().usage()).isPresent();
        }
    }

    @Test
    void readsTextCompletions() {
        says("Once.");
        Completion answer = client.completions()
                .create(CompletionCreateParams.builder()
                        .model("demo")
                        .prompt("x")
                        .build());
        assertThat(answer.choices().getFirst().text()).isEqualTo("Once.");
        answer.validate();
    }

    @Test
    void listsModels() {
        assertThat(client.models().list().data())
                .singleElement()
                .satisfies(model -> assertThat(model.id()).isEqualTo("demo"));
        assertThat(client.models().retrieve("demo").id()).isEqualTo("demo");
        assertThatThrownBy(() -> client.models().retrieve("other")).isInstanceOf(NotFoundException.class);
    }

    @Test
    void seesErrorsAsItsOwnTypes() {
        assertThatThrownBy(() -> client.chat()
                        .completions()
                        .create(chat().temperature(1.0).n(99).build()))
                .isInstanceOfSatisfying(
                        BadRequestException.class, e -> assertThat(e.param()).contains("n"));
    }
}
