package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every kind of bad input, with its status, its code and the field that it names. */
class BadRequestsTest {
    private static EdgeServer server;

    @BeforeAll
    static void start() {
        server = EdgeServer.start("--baton.http.max-body=64KB", "--baton.http.max-bodies=96KB");
    }

    @AfterAll
    static void stop() {
        assertThat(server.dispatcher().idle()).as("nothing bad was dispatched").isTrue();
        server.close();
    }

    private static JsonNode errorOf(RawHttp.Response response) {
        JsonNode body = JsonMapper.shared().readTree(response.body());
        assertThat(body.propertyNames()).containsExactly("error");
        JsonNode error = body.path("error");
        assertThat(error.propertyNames()).containsExactly("message", "type", "param", "code");
        assertThat(error.path("message").asString()).isNotBlank();
        assertThat(error.path("type").asString()).isNotBlank();
        assertThat(error.path("code").asString("")).isNotBlank();
        assertThat(response.header("x-should-retry")).isEqualTo(response.status() == 429 ? "" : "false");
        assertThat(response.header("content-type")).isEqualTo("application/json");
        assertThat(response.header("x-request-id")).matches("[0-9a-f]{32}");
        assertThat(response.header("openai-processing-ms")).matches("\\d+");
        return error;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        messages                         | {"model":"demo"}
        messages                         | {"model":"demo","messages":[]}
        messages                         | {"model":"demo","messages":"Hi"}
        messages[0]                      | {"model":"demo","messages":["Hi"]}
        messages[0].role                 | {"model":"demo","messages":[{"content":"Hi"}]}
        messages[0].role                 | {"model":"demo","messages":[{"role":"robot","content":"Hi"}]}
        messages[0].content              | {"model":"demo","messages":[{"role":"user"}]}
        messages[0].content              | {"model":"demo","messages":[{"role":"user","content":7}]}
        messages[0].content[0]           | {"model":"demo","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}
        model                            | {"messages":[{"role":"user","content":"Hi"}]}
        model                            | {"model":7,"messages":[{"role":"user","content":"Hi"}]}
        temperature                      | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"temperature":2.5}
        temperature                      | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"temperature":"hot"}
        top_p                            | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"top_p":1.1}
        top_k                            | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"top_k":1.5}
        min_p                            | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"min_p":-1}
        n                                | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"n":0}
        n                                | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"n":17}
        seed                             | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"seed":99999999999999999999}
        max_tokens                       | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"max_tokens":0}
        max_completion_tokens            | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"max_completion_tokens":true}
        min_tokens                       | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"max_tokens":2,"min_tokens":3}
        presence_penalty                 | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"presence_penalty":3}
        frequency_penalty                | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"frequency_penalty":-3}
        repetition_penalty               | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"repetition_penalty":0}
        logit_bias                       | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"logit_bias":{"99999999":1}}
        logit_bias                       | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"logit_bias":{"a":1}}
        logit_bias                       | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"logit_bias":{"1":101}}
        stop                             | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"stop":["a","b","c","d","e"]}
        stop                             | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"stop":""}
        stop                             | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"stop":{"a":1}}
        stop_token_ids                   | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"stop_token_ids":[-1]}
        top_logprobs                     | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"top_logprobs":2}
        top_logprobs                     | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"logprobs":true,"top_logprobs":21}
        logprobs                         | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"logprobs":3}
        stream                           | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"stream":"yes"}
        stream_options                   | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"stream_options":{"include_usage":true}}
        stream_options.include_usage     | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_usage":1}}
        response_format.type             | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"xml"}}
        response_format.json_schema      | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema"}}
        response_format.json_schema.name | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"a b","schema":{}}}}
        response_format.json_schema.schema | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"x"}}}
        response_format.json_schema.schema | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"not":{}}}}}
        response_format.json_schema.schema | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"string","maxLength":10000}}}}
        guided_regex                     | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"guided_regex":"((a{1000}){1000}){1000}"}
        guided_regex                     | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"guided_regex":"a(?=b)"}
        guided_choice                    | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"guided_choice":[]}
        guided_choice                    | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"guided_choice":[1]}
        guided_json                      | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"guided_json":7}
        regex                            | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"regex":"a","guided_choice":["b"]}
        structured_outputs               | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"structured_outputs":{"regex":"a","choice":["b"]}}
        structured_outputs               | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"structured_outputs":{}}
        structured_outputs.grammar       | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"structured_outputs":{"grammar":"a"}}
        ignore_eos                       | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_object"},"ignore_eos":true}
        min_tokens                       | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"response_format":{"type":"json_object"},"min_tokens":2}
        tools                            | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}}]}
        tool_choice                      | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"tool_choice":"required"}
        tool_choice                      | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"always"}
        tool_choice                      | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"custom"}}
        tool_choice                      | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"g"}}}
        tool_choice.function.name        | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{}}}
        tools[0].function.parameters     | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","not":{}}}}],"tool_choice":"required"}
        min_tokens                       | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required","min_tokens":3}
        tools[0].function.name           | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function"}]}
        service_tier                     | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"service_tier":"gold"}
        modalities                       | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"modalities":["text","audio"]}
        functions                        | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"functions":[{"name":"f"}]}
        user                             | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"user":7}
        metadata                         | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"metadata":"x"}
        metadata                         | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"metadata":{"a":1}}
        store                            | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"store":"yes"}
        prompt_cache_key                 | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"prompt_cache_key":[]}
        parallel_tool_calls              | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"parallel_tool_calls":"no"}
        safety_identifier                | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"safety_identifier":{}}
        documents                        | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"documents":"x"}
        documents[0]                     | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"documents":["x"]}
        tools[0].function.description    | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f","description":7}}]}
        tools[0].function.parameters     | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f","parameters":[]}}]}
        tools[0].function.strict         | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"name":"f","strict":"x"}}]}
        stream_options.include_obfuscation | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"stream":true,"stream_options":{"include_obfuscation":"x"}}
        verbosity                        | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"verbosity":"low"}
        chat_template                    | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"chat_template":"x"}
        continue_final_message           | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"continue_final_message":true}
        add_generation_prompt            | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"add_generation_prompt":false}
        priority                         | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"priority":5}
        length_penalty                   | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"length_penalty":2.0}
        spaces_between_special_tokens    | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"spaces_between_special_tokens":false}
        ebnf                             | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"ebnf":"a"}
        lora_path                        | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"lora_path":"a"}
        max_new_tokens                   | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"max_new_tokens":4}
        truncate_prompt_tokens           | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"truncate_prompt_tokens":3}
        prediction                       | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"prediction":{"type":"content","content":"a"}}
        messages[0].tool_calls[0].function | {"model":"demo","messages":[{"role":"assistant","tool_calls":[{"id":"a"}]}]}
        messages[0].tool_calls[0].function.name | {"model":"demo","messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{"name":7}}]}]}
        messages[0].tool_calls[0].id     | {"model":"demo","messages":[{"role":"assistant","tool_calls":[{"id":7,"function":{"name":"f"}}]}]}
        messages[0].tool_calls[0].type   | {"model":"demo","messages":[{"role":"assistant","tool_calls":[{"type":"custom","function":{"name":"f"}}]}]}
        messages[0].tool_calls[0].function.arguments | {"model":"demo","messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":[]}}]}]}
        messages[0].refusal              | {"model":"demo","messages":[{"role":"assistant","content":"x","refusal":7}]}
        messages[0].name                 | {"model":"demo","messages":[{"role":"user","content":"x","name":[]}]}
        chat_template_kwargs             | {"model":"demo","messages":[{"role":"user","content":"Hi"}],"chat_template_kwargs":{"messages":[]}}
        """)
    void namesTheFieldAtFaultInAChat(String param, String body) throws IOException {
        RawHttp.Response response = server.http().post("/v1/chat/completions", body);
        assertThat(response.status()).isEqualTo(400);
        JsonNode error = errorOf(response);
        assertThat(error.path("param").asString()).isEqualTo(param);
        assertThat(error.path("type").asString()).isEqualTo("invalid_request_error");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        prompt   | {"model":"demo"}
        prompt   | {"model":"demo","prompt":""}
        prompt   | {"model":"demo","prompt":[]}
        prompt   | {"model":"demo","prompt":[[]]}
        prompt   | {"model":"demo","prompt":[1,"a"]}
        prompt   | {"model":"demo","prompt":[99999999]}
        prompt   | {"model":"demo","prompt":{"a":1}}
        prompt   | {"model":"demo","prompt":["a","b","c","d","e","f","g","h","i"],"n":2}
        echo     | {"model":"demo","prompt":"a","echo":1}
        suffix   | {"model":"demo","prompt":"a","suffix":"b"}
        best_of  | {"model":"demo","prompt":"a","n":1,"best_of":2}
        logprobs | {"model":"demo","prompt":"a","logprobs":21}
        """)
    void namesTheFieldAtFaultInACompletion(String param, String body) throws IOException {
        RawHttp.Response response = server.http().post("/v1/completions", body);
        assertThat(response.status()).isEqualTo(400);
        assertThat(errorOf(response).path("param").asString()).isEqualTo(param);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        GET    | /v1/nothing           | 404 | unknown_url
        POST   | /chat/completions     | 404 | unknown_url
        POST   | /v1/v1/completions    | 404 | unknown_url
        POST   | /v2/chat/completions  | 404 | unknown_url
        GET    | /v1chat               | 404 | unknown_url
        GET    | /                     | 404 | unknown_url
        POST   | //v1/completions      | 404 | unknown_url
        POST   | /v1/completions/      | 404 | unknown_url
        GET    | /v1                   | 404 | unknown_url
        POST   | /v1/chat/completions/ | 404 | unknown_url
        GET    | /v1/chat/completions  | 405 | method_not_allowed
        DELETE | /v1/models            | 405 | method_not_allowed
        GET    | /v1/models/other      | 404 | model_not_found
        """)
    void answersWrongPathsAndMethodsInTheSameForm(String method, String path, int status, String code)
            throws IOException {
        RawHttp.Response response = server.http().exchange(method, path, "");
        assertThat(response.status()).isEqualTo(status);
        assertThat(errorOf(response).path("code").asString()).isEqualTo(code);
        if (status == 405) {
            assertThat(response.header("allow")).isEqualTo(method.equals("GET") ? "POST" : "GET");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
        {"model":
        [1,2]
        nonsense
        {"model":"demo"} trailing
        {"model":"demo","model":"demo","messages":[{"role":"user","content":"Hi"}]}
        {"model":"demo","messages":[{"role":"user","role":"user","content":"Hi"}]}
        {"model":"demo","messages":[{"role":"user","content":"half \\ud83d a face"}]}
        {"model":"demo","messages":[{"role":"user","content":"Hi","\\udc00":1}]}
        """)
    void refusesWhatIsNotAJsonObject(String body) throws IOException {
        RawHttp.Response response = server.http().post("/v1/chat/completions", body);
        assertThat(response.status()).isEqualTo(400);
        assertThat(errorOf(response).path("param").isNull()).isTrue();
    }

    @Test
    void refusesWhatIsNotUtf8() throws IOException {
        for (String bytes : List.of("\u00ff", "\u00c0\u00af", "\u00ed\u00a0\u00bd", "\u00e2\u0082")) {
            byte[] body = ("{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"" + bytes + "\"}]}")
                    .getBytes(StandardCharsets.ISO_8859_1);
            try (RawHttp.Exchange exchange = server.http().connect()) {
                exchange.send(
                        ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                        + "Content-Length: " + body.length + "\r\n\r\n")
                                .getBytes(StandardCharsets.ISO_8859_1));
                exchange.send(body);
                RawHttp.Response response = exchange.response();
                assertThat(response.status()).isEqualTo(400);
                assertThat(errorOf(response).path("message").asString()).contains("UTF-8");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"role", "service_tier", "response_format", "model", "content part", "a name"})
    void showsNoMoreThanALineOfWhatTheClientSent(String place) throws IOException {
        String text = "x\\u001b[31m\\r\\n\\u202e" + "y".repeat(5_000) + "\\ud83d\\ude00";
        String message = "{\"role\":\"user\",\"content\":\"Hi\"}";
        String body = switch (place) {
            case "role" -> "{\"model\":\"demo\",\"messages\":[{\"role\":\"" + text + "\",\"content\":\"Hi\"}]}";
            case "service_tier" ->
                "{\"model\":\"demo\",\"messages\":[" + message + "],\"service_tier\":\"" + text + "\"}";
            case "response_format" ->
                "{\"model\":\"demo\",\"messages\":[" + message + "],\"response_format\":{\"type\":\"" + text + "\"}}";
            case "model" -> "{\"model\":\"" + text + "\",\"messages\":[" + message + "]}";
            case "content part" ->
                "{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"" + text + "\"}]}]}";
            default -> "{\"model\":\"demo\",\"messages\":[" + message + "],\"" + text + "\":1,\"" + text + "\":2}";
        };
        JsonNode error = errorOf(server.http().post("/v1/chat/completions", body));
        assertThat(error.path("message").asString())
                .hasSizeLessThan(1_000)
                .doesNotContain("\u001b", "\r", "\n", "\u202e");
    }

    @Test
    void refusesAnEmptyBody() throws IOException {
        RawHttp.Response response = server.http().post("/v1/chat/completions", "", "Content-Type: application/json");
        assertThat(response.status()).isEqualTo(400);
        errorOf(response);
    }

    @Test
    void refusesOtherMediaTypes() throws IOException {
        RawHttp.Response response =
                server.http().post("/v1/chat/completions", "a=b", "Content-Type: application/x-www-form-urlencoded");
        assertThat(response.status()).isEqualTo(415);
        assertThat(errorOf(response).path("code").asString()).isEqualTo("unsupported_media_type");
    }

    @Test
    void saysThatAModelIsUnknown() throws IOException {
        RawHttp.Response response = server.http()
                .post(
                        "/v1/chat/completions",
                        "{\"model\":\"gpt\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
        assertThat(response.status()).isEqualTo(404);
        assertThat(errorOf(response).path("code").asString()).isEqualTo("model_not_found");
    }

    @Test
    void givesTheNumbersWhenThePromptIsTooLong() throws IOException {
        String words = "word ".repeat(EdgeServer.CONTEXT);
        RawHttp.Response response =
                server.http().post("/v1/completions", "{\"model\":\"demo\",\"prompt\":\"" + words + "\"}");
        assertThat(response.status()).isEqualTo(400);
        JsonNode error = errorOf(response);
        int tokens = server.tokenizer().encode(words, true).length;
        assertThat(error.path("code").asString()).isEqualTo("context_length_exceeded");
        assertThat(error.path("message").asString()).contains("256 tokens", Integer.toString(tokens));
    }

    @Test
    void givesTheNumbersWhenTheAnswerWouldNotFit() throws IOException {
        RawHttp.Response response =
                server.http().post("/v1/completions", "{\"model\":\"demo\",\"prompt\":[5,6,7],\"max_tokens\":254}");
        assertThat(response.status()).isEqualTo(400);
        JsonNode error = errorOf(response);
        assertThat(error.path("code").asString()).isEqualTo("context_length_exceeded");
        assertThat(error.path("message").asString()).contains("256", "257", "3 in prompt", "254");
    }

    @Test
    void readsNoMoreOfAHugeBodyThanItMust() throws IOException {
        String body = "{\"model\":\"demo\",\"prompt\":\"" + "a".repeat(200_000) + "\"}";
        RawHttp.Response response = server.http().post("/v1/completions", body);
        assertThat(response.status()).isEqualTo(413);
        assertThat(errorOf(response).path("code").asString()).isEqualTo("request_too_large");
    }

    @Test
    void refusesAnAnnouncedGiantWithoutReadingIt() throws IOException {
        try (RawHttp.Exchange exchange = server.http().connect()) {
            exchange.send(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Content-Length: 9000000000\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
            assertThat(exchange.response().status()).isEqualTo(413);
        }
    }

    @Test
    void countsABodyOfUnknownLengthWhileItComes() throws IOException {
        try (RawHttp.Exchange exchange = server.http().connect()) {
            exchange.send(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Transfer-Encoding: chunked\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
            String chunk = "1000\r\n" + "a".repeat(0x1000) + "\r\n";
            for (int i = 0; i < 20; i++) {
                exchange.send(chunk.getBytes(StandardCharsets.ISO_8859_1));
            }
            exchange.send("0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
            assertThat(exchange.response().status()).isEqualTo(413);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/models/%zz", "/v1/models/a%", "/v1/mod els", "/v1/models?a=%"})
    void answersAMalformedAddressInTheSameForm(String path) throws IOException {
        RawHttp.Response response = server.http().exchange("GET", path, "");
        assertThat(response.status()).isEqualTo(400);
        assertThat(errorOf(response).path("type").asString()).isEqualTo("invalid_request_error");
    }

    @Test
    void answersAnAddressThatIsTooLongInTheSameForm() throws IOException {
        RawHttp.Response response = server.http().exchange("GET", "/v1/models/" + "a".repeat(10_000), "");
        assertThat(response.status()).isEqualTo(414);
        assertThat(errorOf(response).path("code").asString()).isEqualTo("uri_too_long");
    }

    @Test
    void answersHeadersThatAreTooLargeInTheSameForm() throws IOException {
        RawHttp.Response response = server.http().exchange("GET", "/v1/models", "", "X-Large: " + "a".repeat(20_000));
        assertThat(response.status()).isEqualTo(431);
        assertThat(errorOf(response).path("code").asString()).isEqualTo("headers_too_large");
    }

    @Test
    void boundsAllBodiesTogetherAndLetsTheNextInWhenOneIsGone() throws IOException {
        String body = "{\"model\":\"none\",\"prompt\":\"" + "a".repeat(50_000) + "\"}";
        try (RawHttp.Exchange half = server.http().connect()) {
            half.send(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Content-Length: 60000\r\n\r\n" + "a".repeat(59_000))
                    .getBytes(StandardCharsets.ISO_8859_1));
            await().until(() -> server.http().post("/v1/completions", body).status() == 429);
            RawHttp.Response refused = server.http().post("/v1/completions", body);
            assertThat(errorOf(refused).path("code").asString()).isEqualTo("server_overloaded");
            assertThat(errorOf(refused).path("message").asString()).contains("baton.http.max-bodies");
            assertThat(refused.header("retry-after")).isEqualTo("1");
            assertThat(refused.header("retry-after-ms")).isEqualTo("1000");
        }
        await().until(() -> server.http().post("/v1/completions", body).status() == 404);
    }
}
