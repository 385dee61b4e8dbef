package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.gateway.ScriptedDispatcher.Call;
import dev.baton.gateway.dispatch.Recovery;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.TokenLogprob;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The exact bytes of streams. */
class StreamFramesTest {
    private static final String CHAT =
            "{\"model\":\"demo\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]%s}";
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

    private static RawHttp.Exchange open(String extra) throws IOException {
        return server.http().open("POST", "/v1/chat/completions", CHAT.formatted(extra), "Accept: application/json");
    }

    private static String chunk(String id, String choice) {
        return "data: {\"id\":\"chatcmpl-" + id + "\",\"object\":\"chat.completion.chunk\",\"created\":"
                + EdgeServer.NOW.getEpochSecond() + ",\"model\":\"demo\",\"choices\":[" + choice + "]}\n\n";
    }

    private static int[] tokens(String text) {
        return server.tokenizer().encode(text, false);
    }

    private static int end() {
        return server.tokenizer().stopIds()[0];
    }

    @Test
    void writesRoleThenOneChunkPerTokenThenTheReasonThenDone() throws Exception {
        try (RawHttp.Exchange exchange = open("")) {
            Call call = server.dispatcher().next();
            call.admits();
            RawHttp.Response head = exchange.head();
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("content-type")).isEqualTo("text/event-stream; charset=utf-8");
            String id = head.header("x-request-id");
            assertThat(id).isEqualTo(call.submission.requestId());
            assertThat(head.header("openai-processing-ms")).matches("\\d+");
            assertThat(exchange.chunk())
                    .isEqualTo(
                            chunk(
                                    id,
                                    "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}"));
            int[] words = tokens("Say \"yes\"\n");
            for (int token : words) {
                call.says(token);
                String text = server.tokenizer()
                        .tokenText(token)
                        .replace("\"", "\\\"")
                        .replace("\n", "\\n");
                assertThat(exchange.chunk())
                        .isEqualTo(chunk(
                                id, "{\"index\":0,\"delta\":{\"content\":\"" + text + "\"},\"finish_reason\":null}"));
            }
            call.says(end()).finishes(Finish.Reason.STOP);
            assertThat(exchange.chunk()).isEqualTo(chunk(id, "{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}"));
            assertThat(exchange.chunk()).isEqualTo("data: [DONE]\n\n");
            assertThat(exchange.chunk()).isEmpty();
        }
    }

    @Test
    void commitsNoStatusBeforeAWorkerHasTheRequest() throws Exception {
        try (RawHttp.Exchange exchange = open("")) {
            Call call = server.dispatcher().next();
            exchange.socket.setSoTimeout(200);
            assertThat(exchange.socket.getInputStream().available()).isZero();
            call.sink.failed(Failure.newBuilder()
                    .setCode(Failure.Code.DEADLINE_EXCEEDED)
                    .setMessage("too late")
                    .build());
            exchange.socket.setSoTimeout(20_000);
            RawHttp.Response response = exchange.response();
            assertThat(response.status()).isEqualTo(408);
            assertThat(response.header("x-should-retry")).isEqualTo("false");
            assertThat(response.body()).contains("\"code\":\"deadline_exceeded\"");
        }
    }

    @Test
    void sendsUsageAloneInTheLastChunkWhenAsked() throws Exception {
        try (RawHttp.Exchange exchange = open(",\"stream_options\":{\"include_usage\":true}")) {
            Call call = server.dispatcher().next();
            int prompt = call.submission.prompt().length;
            call.admits().found(3).says(tokens("ab")).says(end()).finishes(Finish.Reason.STOP);
            String body = exchange.response().body();
            int made = tokens("ab").length + 1;
            String usage = "\"choices\":[],\"usage\":{\"prompt_tokens\":" + prompt + ",\"completion_tokens\":" + made
                    + ",\"total_tokens\":" + (prompt + made) + ",\"prompt_tokens_details\":{\"cached_tokens\":3}}}\n\n"
                    + "data: [DONE]\n\n";
            assertThat(body).endsWith(usage);
            assertThat(body.split("usage", -1)).hasSize(2);
        }
    }

    @Test
    void doesNotLetTheFirstTokenWaitForAnAcknowledgement() throws Exception {
        try (RawHttp.Exchange exchange = open("")) {
            server.dispatcher().next().admits().says(tokens("a")).says(end()).finishes(Finish.Reason.STOP);
            exchange.response();
            assertThat(server.accepted())
                    .filteredOn(Channel::isOpen)
                    .isNotEmpty()
                    .allMatch(channel -> channel.config().getOption(ChannelOption.TCP_NODELAY));
        }
    }

    @Test
    void neverSplitsACodePoint() throws Exception {
        try (RawHttp.Exchange exchange = open("")) {
            Call call = server.dispatcher().next().admits();
            int[] bytes = tokens("a😀é");
            assertThat(bytes.length).as("the emoji takes several tokens").isGreaterThan(4);
            call.says(bytes).says(end()).finishes(Finish.Reason.STOP);
            String body = exchange.response().body();
            assertThat(texts(body)).isEqualTo("a😀é");
            assertThat(body).doesNotContain("\uFFFD");
        }
    }

    @Test
    void cutsAtAStopStringThatCrossesTokensAndEndsTheWork() throws Exception {
        try (RawHttp.Exchange exchange = open(",\"stop\":[\"lo w\"],\"stream_options\":{\"include_usage\":true}")) {
            Call call = server.dispatcher().next().admits().found(3);
            call.says(tokens("hello world and more"));
            RawHttp.Response response = exchange.response();
            assertThat(texts(response.body())).isEqualTo("hel");
            assertThat(response.body()).contains("\"finish_reason\":\"stop\"").endsWith("data: [DONE]\n\n");
            assertThat(response.body()).as("known before the cut").contains("\"cached_tokens\":3");
            assertThat(call.awaitCompleted()).isTrue();
        }
    }

    @Test
    void runsEachOfNChoicesWithASeedOfItsOwn() throws Exception {
        try (RawHttp.Exchange exchange = open(",\"n\":3,\"seed\":40")) {
            List<Call> calls = List.of(
                    server.dispatcher().next(),
                    server.dispatcher().next(),
                    server.dispatcher().next());
            assertThat(calls.stream().map(call -> call.submission.sampling().getSeed()))
                    .containsExactly(40L, 41L, 42L);
            assertThat(calls.stream().map(call -> call.submission.requestId()).distinct())
                    .hasSize(3);
            for (Call call : calls) {
                call.admits();
            }
            for (int i = 0; i < 3; i++) {
                calls.get(i).says(tokens("n" + i)).finishes(Finish.Reason.LENGTH);
            }
            String body = exchange.response().body();
            for (int i = 0; i < 3; i++) {
                assertThat(body).contains("{\"index\":" + i + ",\"delta\":{},\"finish_reason\":\"length\"}");
            }
            assertThat(body.split("\"role\":\"assistant\"", -1)).hasSize(4);
        }
    }

    @Test
    void tellsOfAFailureAfterTheFirstByteInAnErrorEvent() throws Exception {
        try (RawHttp.Exchange exchange = open("")) {
            Call call = server.dispatcher().next().admits().says(tokens("a"));
            call.sink.failed(Failure.newBuilder()
                    .setCode(Failure.Code.ENGINE_FAILED)
                    .setMessage("broken")
                    .build());
            String body = exchange.response().body();
            assertThat(body)
                    .endsWith("event: error\ndata: {\"error\":{\"message\":\"The answer could not be finished"
                            + " (ENGINE_FAILED): broken\",\"type\":\"server_error\",\"param\":null,"
                            + "\"code\":\"internal_error\"}}\n\ndata: [DONE]\n\n");
        }
    }

    private static TokenLogprob logprob(int token) {
        return TokenLogprob.newBuilder()
                .setLogprob(-0.5f)
                .addTopIds(token)
                .addTopLogprobs(-0.5f)
                .build();
    }

    @Test
    void givesOneLogprobEntryPerTokenTheFirstIncluded() throws Exception {
        try (RawHttp.Exchange exchange = open(",\"logprobs\":true,\"top_logprobs\":1")) {
            Call call = server.dispatcher().next().admits();
            assertThat(call.submission.sampling().getLogprobs()).isTrue();
            assertThat(call.submission.sampling().getTopLogprobs()).isEqualTo(1);
            int[] tokens = tokens("a😀");
            call.sink.token(0, tokens[0], logprob(tokens[0]));
            // What waits for a slow reader is merged, so it has read this before more comes.
            exchange.head();
            StringBuilder body = new StringBuilder();
            while (body.indexOf("\"content\":\"a\"") < 0) {
                body.append(exchange.chunk());
            }
            for (int i = 1; i < tokens.length; i++) {
                call.sink.token(i, tokens[i], logprob(tokens[i]));
            }
            call.finishes(Finish.Reason.LENGTH);
            for (String chunk = exchange.chunk(); !chunk.isEmpty(); chunk = exchange.chunk()) {
                body.append(chunk);
            }
            assertThat(body.toString().split("\"top_logprobs\":", -1)).hasSize(tokens.length + 1);
            assertThat(body)
                    .contains(
                            "\"delta\":{\"content\":\"a\"},\"logprobs\":{\"content\":[{\"token\":\"a\",\"logprob\":-0.5,"
                                    + "\"bytes\":[97],\"top_logprobs\":[{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":[97]}]}],"
                                    + "\"refusal\":null},\"finish_reason\":null}");
        }
    }

    @Test
    void keepsTheBodyOfAPostThatOffersHttp2() throws Exception {
        try (RawHttp.Exchange exchange = server.http()
                .open(
                        "POST",
                        "/v1/chat/completions",
                        CHAT.formatted(""),
                        "Connection: Upgrade, HTTP2-Settings",
                        "Upgrade: h2c",
                        "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA")) {
            server.dispatcher().next().admits().says(tokens("ok")).finishes(Finish.Reason.LENGTH);
            assertThat(texts(exchange.response().body())).isEqualTo("ok");
        }
    }

    @Test
    void saysWhereTheTimeWentWhenAsked() throws Exception {
        try (RawHttp.Exchange exchange =
                server.http().open("POST", "/v1/chat/completions", CHAT.formatted(""), "X-Baton-Timing: true")) {
            server.dispatcher().next().admits().says(tokens("ok")).finishes(Finish.Reason.LENGTH);
            assertThat(exchange.response().body())
                    .contains("\"choices\":[],\"timing\":{\"admission\":1500,\"total\":7000,\"attempts\":1}}");
        }
    }

    @Test
    void saysHowItWentOnAfterWorkersWereLost() throws Exception {
        try (RawHttp.Exchange exchange =
                server.http().open("POST", "/v1/chat/completions", CHAT.formatted(""), "X-Baton-Timing: true")) {
            server.dispatcher()
                    .next()
                    .admits()
                    .recovered(
                            new Recovery(2, "decoding", "pool", 127, 1, 0, 12L, 14L, null),
                            new Recovery(3, "handed_off", null, 0, 0, 80, null, null, 95L))
                    .says(tokens("ok"))
                    .finishes(Finish.Reason.LENGTH);
            assertThat(exchange.response().body())
                    .contains("\"recoveries\":[{\"attempt\":2,\"phase\":\"decoding\",\"rung\":\"pool\",\"tokens\":127,"
                            + "\"recomputed\":1,\"detected_millis\":0,\"claimed_millis\":12,\"restored_millis\":14,"
                            + "\"first_token_millis\":null},{\"attempt\":3,\"phase\":\"handed_off\",\"rung\":null,"
                            + "\"tokens\":0,\"recomputed\":0,\"detected_millis\":80,\"claimed_millis\":null,"
                            + "\"restored_millis\":null,\"first_token_millis\":95}]");
        }
    }

    @Test
    void streamsTextCompletionsInTheirOwnShape() throws Exception {
        String body = "{\"model\":\"demo\",\"stream\":true,\"prompt\":\"Once\",\"max_tokens\":5}";
        try (RawHttp.Exchange exchange = server.http().open("POST", "/v1/completions", body)) {
            Call call = server.dispatcher().next().admits();
            assertThat(call.submission.stopping().getMaxTokens()).isEqualTo(5);
            call.says(tokens("x")).finishes(Finish.Reason.LENGTH);
            String head = "data: {\"id\":\"cmpl-" + call.submission.requestId()
                    + "\",\"object\":\"text_completion\",\"created\":" + EdgeServer.NOW.getEpochSecond()
                    + ",\"model\":\"demo\",\"choices\":[";
            assertThat(exchange.response().body())
                    .isEqualTo(
                            head + "{\"index\":0,\"text\":\"x\",\"logprobs\":null,\"finish_reason\":null}]}\n\n" + head
                                    + "{\"index\":0,\"text\":\"\",\"logprobs\":null,\"finish_reason\":\"length\"}]}\n\n"
                                    + "data: [DONE]\n\n");
        }
    }

    /** The text deltas of a stream, put together. */
    private static String texts(String body) {
        StringBuilder text = new StringBuilder();
        for (String event : body.split("\n\n")) {
            if (event.startsWith("data: {")) {
                tools.jackson.databind.json.JsonMapper.shared()
                        .readTree(event.substring(6))
                        .path("choices")
                        .forEach(choice ->
                                text.append(choice.path("delta").path("content").asString("")));
            }
        }
        return text.toString();
    }
}
