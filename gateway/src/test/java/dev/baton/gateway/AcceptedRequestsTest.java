package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.baton.control.GenerationRequest;
import dev.baton.gateway.ScriptedDispatcher.Call;
import dev.baton.gateway.dispatch.Rejection;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What reaches the dispatcher, and what comes back whole. */
class AcceptedRequestsTest {
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

    private static int[] tokens(String text) {
        return server.tokenizer().encode(text, false);
    }

    private static JsonNode json(RawHttp.Response response) {
        return JsonMapper.shared().readTree(response.body());
    }

    private static GenerationRequest submitted(String path, String body, String... headers) throws Exception {
        server.dispatcher().plays(call -> call.admits().says(tokens("ok")).finishes(Finish.Reason.LENGTH));
        RawHttp.Response response = server.http().post(path, body, headers);
        assertThat(response.status()).as(response.body()).isEqualTo(200);
        return server.dispatcher().next().submission;
    }

    @Test
    void answersAChatWhole() throws Exception {
        server.dispatcher()
                .plays(call -> call.admits()
                        .found(4)
                        .says(tokens("Hello."))
                        .says(server.tokenizer().stopIds()[0])
                        .finishes(Finish.Reason.STOP));
        RawHttp.Response response = server.http()
                .post(
                        "/v1/chat/completions",
                        "{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
        GenerationRequest submission = server.dispatcher().next().submission;
        int made = tokens("Hello.").length + 1;
        int prompt = submission.prompt().length;
        assertThat(response.status()).isEqualTo(200);
        assertThat(response.body())
                .isEqualTo("{\"id\":\"chatcmpl-" + submission.requestId()
                        + "\",\"object\":\"chat.completion\",\"created\":" + EdgeServer.NOW.getEpochSecond()
                        + ",\"model\":\"demo\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                        + "\"content\":\"Hello.\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
                        + "\"usage\":{\"prompt_tokens\":" + prompt + ",\"completion_tokens\":" + made
                        + ",\"total_tokens\":" + (prompt + made)
                        + ",\"prompt_tokens_details\":{\"cached_tokens\":4}}}");
    }

    @Test
    void passesTheClientsTraceContextOnAndDropsWhatIsNone() throws Exception {
        String trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        String body = "{\"model\":\"demo\",\"prompt\":\"Hi\"}";
        assertThat(submitted("/v1/completions", body, "traceparent: " + trace)
                        .tags()
                        .getTraceparent())
                .isEqualTo(trace);
        assertThat(submitted("/v1/completions", body, "traceparent: mine")
                        .tags()
                        .getTraceparent())
                .isEmpty();
    }

    @Test
    void passesEverySamplingFieldOn() throws Exception {
        GenerationRequest submission = submitted("/v1/chat/completions", """
                {"model":"demo","messages":[{"role":"user","content":"Hi"}],"temperature":0.5,"top_p":0.25,"top_k":7,
                 "min_p":0.125,"repetition_penalty":1.5,"presence_penalty":0.5,"frequency_penalty":-0.5,"seed":-3,
                 "logit_bias":{"11":-100,"12":2.5},"max_completion_tokens":9,"max_tokens":3,"min_tokens":2,
                 "stop_token_ids":[5,6],"ignore_eos":true,"service_tier":"priority"}""");
        var sampling = submission.sampling();
        assertThat(sampling.getTemperature()).isEqualTo(0.5f);
        assertThat(sampling.getTopP()).isEqualTo(0.25f);
        assertThat(sampling.getTopK()).isEqualTo(7);
        assertThat(sampling.getMinP()).isEqualTo(0.125f);
        assertThat(sampling.getRepetitionPenalty()).isEqualTo(1.5f);
        assertThat(sampling.getPresencePenalty()).isEqualTo(0.5f);
        assertThat(sampling.getFrequencyPenalty()).isEqualTo(-0.5f);
        assertThat(sampling.getSeed()).isEqualTo(-3);
        assertThat(sampling.getLogitBiasMap()).containsEntry(11, -100f).containsEntry(12, 2.5f);
        assertThat(sampling.getLogprobs()).isFalse();
        var stopping = submission.stopping();
        assertThat(stopping.getMaxTokens()).isEqualTo(9);
        assertThat(stopping.getMinTokens()).isEqualTo(2);
        assertThat(stopping.getStopTokenIdsList()).containsExactlyInAnyOrder(5, 6);
        assertThat(stopping.getIgnoreEos()).isTrue();
        assertThat(submission.priority()).isEqualTo(10);
        assertThat(submission.tenant()).isEqualTo("default");
    }

    @Test
    void takesNullForAbsentAndIgnoresWhatItDoesNotKnow() throws Exception {
        GenerationRequest submission = submitted("/v1/chat/completions", """
                {"model":"demo","messages":[{"role":"user","content":"Hi"}],"temperature":null,"top_p":null,"n":null,
                 "stop":null,"logit_bias":null,"stream":null,"stream_options":null,"tools":null,"tool_choice":null,
                 "response_format":null,"seed":null,"max_tokens":null,"logprobs":null,"service_tier":null,
                 "user":"u","metadata":{"a":"b"},"store":true,"prompt_cache_key":"k","parallel_tool_calls":true,
                 "something_new":{"deep":[1]}}""");
        assertThat(submission.sampling().getTemperature())
                .as("the model's own default")
                .isEqualTo(0.7f);
        assertThat(submission.stopping().getMaxTokens())
                .as("the rest of the context")
                .isEqualTo(EdgeServer.CONTEXT - submission.prompt().length);
    }

    @Test
    void rendersPartsAndNewerRolesAsTheTemplateExpects() throws Exception {
        GenerationRequest plain = submitted("/v1/chat/completions", """
                {"model":"demo","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"a\\nb"}]}""");
        GenerationRequest parts = submitted("/v1/chat/completions", """
                {"model":"demo","messages":[{"role":"developer","content":"Be brief."},
                 {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]}""");
        assertThat(parts.prompt()).isEqualTo(plain.prompt());
    }

    @Test
    void takesPromptsInAllFourForms() throws Exception {
        assertThat(submitted("/v1/completions", "{\"model\":\"demo\",\"prompt\":\"Once\"}")
                        .prompt())
                .isEqualTo(server.tokenizer().encode("Once", true));
        assertThat(submitted("/v1/completions", "{\"model\":\"demo\",\"prompt\":[5,6,7]}")
                        .prompt())
                .containsExactly(5, 6, 7);
        server.dispatcher()
                .plays(call -> call.admits().found(2).says(tokens("ok")).finishes(Finish.Reason.LENGTH));
        JsonNode two =
                json(server.http().post("/v1/completions", "{\"model\":\"demo\",\"prompt\":[[5,6],\"x\"],\"n\":2}"));
        assertThat(two.path("choices").size()).isEqualTo(4);
        List<GenerationRequest> submissions = List.of(
                server.dispatcher().next().submission,
                server.dispatcher().next().submission,
                server.dispatcher().next().submission,
                server.dispatcher().next().submission);
        assertThat(submissions.get(1).prompt()).containsExactly(5, 6);
        assertThat(submissions.get(2).prompt()).isEqualTo(server.tokenizer().encode("x", true));
        assertThat(two.path("usage").path("prompt_tokens").asInt())
                .as("each prompt counts once")
                .isEqualTo(2 + submissions.get(2).prompt().length);
        assertThat(two.path("usage")
                        .path("prompt_tokens_details")
                        .path("cached_tokens")
                        .asInt())
                .isEqualTo(4);
    }

    @Test
    void givesLogprobsOfCompletionsAsFourArrays() throws Exception {
        server.dispatcher().plays(call -> {
            int[] tokens = tokens("ab cd");
            for (int i = 0; i < tokens.length; i++) {
                call.sink.token(
                        i,
                        tokens[i],
                        TokenLogprob.newBuilder()
                                .setLogprob(-1.5f)
                                .addTopIds(tokens[0])
                                .addTopLogprobs(Float.NEGATIVE_INFINITY)
                                .build());
            }
            call.finishes(Finish.Reason.LENGTH);
        });
        JsonNode logprobs = json(server.http()
                        .post("/v1/completions", "{\"model\":\"demo\",\"prompt\":\"x\",\"logprobs\":1}"))
                .path("choices")
                .path(0)
                .path("logprobs");
        int[] tokens = tokens("ab cd");
        int offset = 0;
        assertThat(logprobs.path("tokens").size()).isEqualTo(tokens.length);
        for (int i = 0; i < tokens.length; i++) {
            assertThat(logprobs.path("tokens").path(i).asString())
                    .isEqualTo(server.tokenizer().tokenText(tokens[i]));
            assertThat(logprobs.path("token_logprobs").path(i).asDouble()).isCloseTo(-1.5, within(1e-6));
            assertThat(logprobs.path("text_offset").path(i).asInt()).isEqualTo(offset);
            offset += server.tokenizer().tokenText(tokens[i]).length();
        }
        assertThat(logprobs.path("top_logprobs")
                        .path(0)
                        .path(server.tokenizer().tokenText(tokens[0]))
                        .asDouble())
                .isEqualTo(-9999);
    }

    @Test
    void asksForWhatTheSmallestWorkerHasRoomFor() throws Exception {
        server.dispatcher().holds(100);
        GenerationRequest submission = submitted("/v1/chat/completions", """
                {"model":"demo","messages":[{"role":"user","content":"Hi"}]}""");
        assertThat(submission.stopping().getMaxTokens()).isEqualTo(100 - submission.prompt().length);
        assertThat(json(server.http().exchange("GET", "/v1/models/demo", ""))
                        .path("max_model_len")
                        .asInt())
                .isEqualTo(100);
        RawHttp.Response tooMuch =
                server.http().post("/v1/completions", "{\"model\":\"demo\",\"prompt\":\"x\",\"max_tokens\":100}");
        assertThat(tooMuch.status()).isEqualTo(400);
        assertThat(tooMuch.body()).contains("context holds 100 tokens", "\"code\":\"context_length_exceeded\"");
    }

    @Test
    void speaksOfTheModelsContextWhileNoWorkerLives() throws Exception {
        server.dispatcher().holds(0);
        assertThat(json(server.http().exchange("GET", "/v1/models/demo", ""))
                        .path("max_model_len")
                        .asInt())
                .isEqualTo(EdgeServer.CONTEXT);
    }

    @Test
    void makesSixteenTokensOfATextCompletionThatDoesNotSay() throws Exception {
        assertThat(mostTokens("{\"model\":\"demo\",\"prompt\":\"x\"}")).isEqualTo(16);
        assertThat(mostTokens("{\"model\":\"demo\",\"prompt\":\"x\",\"min_tokens\":20}"))
                .isEqualTo(20);
        server.dispatcher().holds(10);
        assertThat(mostTokens("{\"model\":\"demo\",\"prompt\":[5,6,7]}"))
                .as("what has room")
                .isEqualTo(7);
    }

    private static int mostTokens(String body) throws Exception {
        return submitted("/v1/completions", body).stopping().getMaxTokens();
    }

    @Test
    void takesTheClientsOwnTimeoutAsTheDeadlineOfAWholeAnswer() throws Exception {
        String body = "{\"model\":\"demo\",\"prompt\":\"x\"}";
        assertThat(submitted("/v1/completions", body, "x-stainless-read-timeout: 1.5", "X-Stainless-Timeout: 2.5")
                        .deadline())
                .as("nothing is sent before it is done")
                .isEqualTo(EdgeServer.NOW.plusMillis(1500));
        assertThat(submitted("/v1/completions", body, "X-Stainless-Timeout: 2.5")
                        .deadline())
                .isEqualTo(EdgeServer.NOW.plusMillis(2500));
        for (String odd : List.of("soon", "-1", "0", "999999999999")) {
            assertThat(submitted("/v1/completions", body, "X-Stainless-Timeout: " + odd)
                            .deadline())
                    .isEqualTo(EdgeServer.NOW.plus(Duration.ofMinutes(5)));
        }
    }

    @Test
    void tellsWhenToComeBackWhenItIsTooBusy() throws Exception {
        server.dispatcher()
                .plays(call -> call.sink.rejected(
                        new Rejection(Rejection.Reason.SERVER_OVERLOADED, "too busy", Duration.ofMillis(2300))));
        for (String stream : List.of("true", "false")) {
            RawHttp.Response response = server.http()
                    .post("/v1/completions", "{\"model\":\"demo\",\"prompt\":\"x\",\"stream\":" + stream + "}");
            assertThat(response.status()).isEqualTo(429);
            assertThat(response.header("retry-after")).isEqualTo("3");
            assertThat(response.header("retry-after-ms")).isEqualTo("2300");
            assertThat(json(response).path("error").path("code").asString()).isEqualTo("server_overloaded");
        }
    }

    @Test
    void saysThatThereAreNoWorkers() throws Exception {
        server.dispatcher()
                .plays(call -> call.sink.rejected(new Rejection(Rejection.Reason.NO_WORKERS, "no worker is up", null)));
        RawHttp.Response response = server.http().post("/v1/completions", "{\"model\":\"demo\",\"prompt\":\"x\"}");
        assertThat(response.status()).isEqualTo(503);
        assertThat(json(response).path("error").path("code").asString()).isEqualTo("no_workers");
    }

    @Test
    void hidesTheTokenThatStopsTheAnswerButCountsIt() throws Exception {
        int stop = tokens("c")[0];
        server.dispatcher()
                .plays(call -> call.admits().says(tokens("ab")).says(stop).finishes(Finish.Reason.STOP));
        JsonNode answer = json(server.http()
                .post("/v1/completions", "{\"model\":\"demo\",\"prompt\":\"x\",\"stop_token_ids\":[" + stop + "]}"));
        assertThat(answer.path("choices").path(0).path("text").asString()).isEqualTo("ab");
        assertThat(answer.path("usage").path("completion_tokens").asInt()).isEqualTo(tokens("ab").length + 1);
    }

    @Test
    void readsALongBodyOffTheEventLoop() throws Exception {
        List<String> threads = new java.util.concurrent.CopyOnWriteArrayList<>();
        server.dispatcher().plays(call -> {
            threads.add(Thread.currentThread().getName());
            call.finishes(Finish.Reason.LENGTH);
        });
        String filler = "\"metadata\":{\"a\":\"" + "x".repeat(20_000) + "\"}";
        server.http().post("/v1/completions", "{\"model\":\"demo\",\"prompt\":\"x\"," + filler + "}");
        assertThat(threads).singleElement().asString().startsWith("baton-prepare");
    }

    @Test
    void listsTheModel() throws Exception {
        String model =
                "{\"id\":\"demo\",\"object\":\"model\",\"created\":1000,\"owned_by\":\"baton\",\"max_model_len\":256}";
        assertThat(server.http().exchange("GET", "/v1/models", "").body())
                .isEqualTo("{\"object\":\"list\",\"data\":[" + model + "]}");
        assertThat(server.http().exchange("GET", "/v1/models/demo", "").body()).isEqualTo(model);
    }

    @Test
    void cancelsAllChoicesWhenOneIsRefused() throws Exception {
        server.dispatcher().plays(call -> {
            if (call.submission.requestId().endsWith("-1")) {
                call.sink.rejected(new Rejection(Rejection.Reason.NO_WORKERS, "gone", null));
            }
        });
        RawHttp.Response response =
                server.http().post("/v1/completions", "{\"model\":\"demo\",\"prompt\":\"x\",\"n\":2,\"stream\":true}");
        assertThat(response.status()).isEqualTo(503);
        Call first = server.dispatcher().next();
        assertThat(first.awaitCancelled()).isTrue();
    }
}
