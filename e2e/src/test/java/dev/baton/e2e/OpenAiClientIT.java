package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** The official Java client, unchanged, against the real path. */
@WithBaton
@Order(3)
class OpenAiClientIT {
    private static RunningBaton baton;
    private static OpenAIClient client;

    @BeforeAll
    static void start(RunningBaton running) {
        baton = running;
        client = OpenAIOkHttpClient.builder()
                .baseUrl(baton.url() + "/v1")
                .apiKey("none")
                .maxRetries(0)
                .build();
    }

    @AfterAll
    static void close() {
        client.close();
    }

    private static ChatCompletionCreateParams.Builder capital() {
        return ChatCompletionCreateParams.builder()
                .model("demo")
                .temperature(0)
                .addUserMessage("What is the capital of France?");
    }

    @Test
    void readsAWholeChat() {
        ChatCompletion answer = client.chat().completions().create(capital().build());
        answer.validate();
        assertThat(answer.choices().getFirst().message().content()).contains("The capital of France is Paris.");
        assertThat(answer.choices().getFirst().finishReason().asString()).isEqualTo("stop");
        assertThat(answer.usage().orElseThrow().promptTokens()).isEqualTo(16);
    }

    @Test
    void readsAStreamedChat() {
        ChatCompletionCreateParams params = capital()
                .streamOptions(
                        ChatCompletionStreamOptions.builder().includeUsage(true).build())
                .build();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(params)) {
            List<ChatCompletionChunk> chunks = stream.stream().toList();
            StringBuilder text = new StringBuilder();
            for (ChatCompletionChunk chunk : chunks) {
                chunk.validate();
                chunk.choices().forEach(choice -> choice.delta().content().ifPresent(text::append));
            }
            assertThat(text).hasToString("The capital of France is Paris.");
            assertThat(chunks.getLast().usage().orElseThrow().promptTokens()).isEqualTo(16);
        }
    }

    @Test
    void findsTheModelAndNoOther() {
        assertThat(client.models().list().data())
                .singleElement()
                .satisfies(model -> assertThat(model.id()).isEqualTo("demo"));
        assertThatThrownBy(() -> client.models().retrieve("other")).isInstanceOf(NotFoundException.class);
    }
}
