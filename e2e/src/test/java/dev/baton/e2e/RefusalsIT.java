package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What cannot be served is refused with the status and the body that clients know. */
@WithBaton
@Order(2)
class RefusalsIT {
    private static final int CONTEXT = 2_048;
    private static final int LARGEST_BODY = 4 << 20;

    private static RunningBaton baton;

    @BeforeAll
    static void start(RunningBaton running) {
        baton = running;
    }

    @Test
    void refusesAPromptLongerThanTheContext() {
        HttpResponse<String> response = baton.calls()
                .post(
                        GatewayCalls.CHAT,
                        GatewayCalls.chat("word ".repeat(CONTEXT)).toString());
        JsonNode error = error(response, 400, "context_length_exceeded");
        assertThat(error.path("message").asString()).contains(CONTEXT + " tokens");
        assertThat(error.path("param").asString()).isEqualTo("messages");
    }

    @Test
    void refusesABodyAboveTheLimit() {
        HttpResponse<String> response = baton.calls()
                .post(
                        GatewayCalls.CHAT,
                        GatewayCalls.chat("w".repeat(LARGEST_BODY)).toString());
        JsonNode error = error(response, 413, "request_too_large");
        assertThat(error.path("message").asString()).contains(LARGEST_BODY + " bytes", "baton.http.max-body");
    }

    @Test
    void refusesWhatIsNotJson() {
        JsonNode error = error(
                baton.calls().post(GatewayCalls.CHAT, "{\"model\":\"demo\",\"messages\":["),
                400,
                "invalid_request_error");
        assertThat(error.path("message").asString()).containsIgnoringCase("json");
    }

    @Test
    void refusesAModelThatIsNotServed() {
        String body = GatewayCalls.chat("Hello").put("model", "gpt-5").toString();
        JsonNode error = error(baton.calls().post(GatewayCalls.CHAT, body), 404, "model_not_found");
        assertThat(error.path("message").asString()).contains("gpt-5");
        assertThat(error.path("param").asString()).isEqualTo("model");
    }

    private static JsonNode error(HttpResponse<String> response, int status, String code) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        JsonNode body = JsonMapper.shared().readTree(response.body());
        assertThat(body.propertyNames()).containsExactly("error");
        JsonNode error = body.path("error");
        assertThat(error.propertyNames()).containsExactly("message", "type", "param", "code");
        assertThat(error.path("type").asString()).isEqualTo("invalid_request_error");
        assertThat(error.path("code").asString(null)).isEqualTo(code);
        return error;
    }
}
