package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A prompt that is said before its answer, with its log-probabilities: what lm-evaluation-harness asks for. */
class EchoTest {
    private static EdgeServer server;

    @BeforeAll
    static void start() {
        server = EdgeServer.start();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @AfterEach
    void forget() {
        server.dispatcher().forget();
    }

    /** Answers " end", and scores each token of the prompt with minus its place. */
    private static void answers() {
        server.dispatcher().plays(call -> {
            call.admits();
            boolean scores = call.submission.sampling().hasPromptLogprobs();
            int index = 0;
            for (int token : server.tokenizer().encode(" end", false)) {
                TokenLogprob.Builder logprob = TokenLogprob.newBuilder().setLogprob(-0.5F);
                for (int i = 1; index == 0 && scores && i < call.submission.prompt().length; i++) {
                    logprob.addPrompt(TokenLogprob.newBuilder()
                            .setLogprob(-i)
                            .addTopIds(call.submission.prompt()[i])
                            .addTopLogprobs(-i));
                }
                call.sink.token(index++, token, call.submission.sampling().getLogprobs() ? logprob.build() : null);
                if (call.submission.stopping().getMaxTokens() == index) {
                    break;
                }
            }
            call.finishes(Finish.Reason.LENGTH);
        });
    }

    private static JsonNode choice(String extra) throws IOException {
        RawHttp.Response response =
                server.http().post("/v1/completions", "{\"model\":\"demo\",\"echo\":true," + extra + "}");
        assertThat(response.status()).as(response.body()).isEqualTo(200);
        return JsonMapper.shared().readTree(response.body());
    }

    @Test
    void aPromptIsSaidBeforeItsAnswer() throws IOException {
        answers();
        JsonNode answer = choice("\"prompt\":[\"Grüße, \",\"Hi\"],\"max_tokens\":9");
        assertThat(answer.at("/choices/0/text").stringValue()).isEqualTo("Grüße,  end");
        assertThat(answer.at("/choices/1/text").stringValue()).isEqualTo("Hi end");
        assertThat(answer.at("/choices/0/logprobs").isNull()).isTrue();
        assertThat(choice("\"prompt\":\"Hi\",\"max_tokens\":0")
                        .at("/choices/0/text")
                        .stringValue())
                .isEqualTo("Hi");
    }

    /** A long prompt takes long to say: not on the thread that serves other requests too. */
    @Test
    void theDispatchersThreadDoesNotSayIt() throws Exception {
        server.http()
                .open("POST", "/v1/completions", "{\"model\":\"demo\",\"echo\":true,\"prompt\":\"Hi\"}")
                .close();
        assertThat(server.dispatcher().next().sink.getClass().getSimpleName()).isEqualTo("OffLoop");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aPromptOfTokensIsScored(int tokens) throws IOException {
        answers();
        int[] ids = server.tokenizer().encode("The capital of France is Paris.", false);
        StringBuilder prompt = new StringBuilder("[[");
        for (int id : ids) {
            prompt.append(prompt.length() > 2 ? "," : "").append(id);
        }
        JsonNode answer = choice("\"prompt\":" + prompt + "]],\"max_tokens\":" + tokens + ",\"logprobs\":1");
        JsonNode logprobs = answer.at("/choices/0/logprobs");
        assertThat(logprobs.get("token_logprobs")).hasSize(ids.length + tokens);
        assertThat(logprobs.at("/token_logprobs/0").isNull()).isTrue();
        assertThat(logprobs.at("/top_logprobs/0").isNull()).isTrue();
        StringBuilder said = new StringBuilder();
        for (int i = 0; i < ids.length; i++) {
            String token = server.tokenizer().tokenText(ids[i]);
            assertThat(logprobs.get("text_offset").get(i).asInt()).isEqualTo(said.length());
            assertThat(logprobs.get("tokens").get(i).stringValue()).isEqualTo(token);
            said.append(token);
            if (i > 0) {
                assertThat(logprobs.get("token_logprobs").get(i).doubleValue()).isEqualTo(-i);
                assertThat(logprobs.get("top_logprobs").get(i).get(token).doubleValue())
                        .isEqualTo(-i);
            }
        }
        assertThat(answer.at("/choices/0/text").stringValue()).startsWith("The capital of France is Paris.");
        assertThat(answer.at("/choices/0/finish_reason").stringValue()).isEqualTo("length");
        assertThat(answer.at("/usage/completion_tokens").asInt()).isEqualTo(tokens);
        if (tokens > 0) {
            assertThat(logprobs.get("text_offset").get(ids.length).asInt()).isEqualTo(said.length());
        }
    }

    @Test
    void aStreamHasTheSame() throws IOException {
        answers();
        String text = "word ".repeat(40);
        String request = "\"prompt\":\"" + text + "\",\"max_tokens\":1,\"logprobs\":1";
        JsonNode whole = choice(request);
        StringBuilder said = new StringBuilder();
        StringBuilder scores = new StringBuilder();
        server.http()
                .post("/v1/completions", "{\"model\":\"demo\",\"echo\":true,\"stream\":true," + request + "}")
                .body()
                .lines()
                .filter(line -> line.startsWith("data: {"))
                .map(line -> JsonMapper.shared().readTree(line.substring(6)).at("/choices/0"))
                .forEach(choice -> {
                    said.append(choice.get("text").stringValue());
                    choice.at("/logprobs/token_logprobs")
                            .forEach(score -> scores.append(score).append(','));
                });
        assertThat(said).hasToString(whole.at("/choices/0/text").stringValue());
        assertThat(("[" + scores + "]").replace(",]", "]"))
                .isEqualTo(whole.at("/choices/0/logprobs/token_logprobs").toString());
    }

    @Test
    void whatCannotBeEchoedIsNamed() throws IOException {
        for (String body : new String[] {
            "\"prompt\":\"a\",\"logprobs\":6", "\"prompt\":\"a\",\"echo\":\"yes\"", "\"prompt\":\"a\",\"max_tokens\":-1"
        }) {
            String echo = body.contains("echo") ? "" : "\"echo\":true,";
            assertThat(server.http()
                            .post("/v1/completions", "{\"model\":\"demo\"," + echo + body + "}")
                            .status())
                    .isEqualTo(400);
        }
        assertThat(server.http()
                        .post("/v1/completions", "{\"model\":\"demo\",\"prompt\":\"a\",\"max_tokens\":0}")
                        .status())
                .isEqualTo(400);
    }
}
