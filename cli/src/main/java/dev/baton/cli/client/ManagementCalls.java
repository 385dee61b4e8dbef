package dev.baton.cli.client;

import dev.baton.cli.host.CliException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Calls to the management ports of this host's roles, as an operator. Any thread. */
public final class ManagementCalls {
    private static final Duration LIMIT = Duration.ofSeconds(15);
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();

    private final String key;

    /** @param key the operator's; empty when the stack lets everybody in */
    public ManagementCalls(String key) {
        this.key = key;
    }

    /**
     * The body of an endpoint.
     *
     * @param port management port of a role on this host
     * @param endpoint path below {@code /actuator/}, with its query
     * @throws CliException when nobody answers, or an error does: its detail is the message
     */
    public String text(int port, String endpoint) {
        return send(port, endpoint, "GET", null);
    }

    /** The same, parsed. */
    public JsonNode json(int port, String endpoint) {
        return parsed(endpoint, text(port, endpoint));
    }

    /** Asks for a change, and returns the answer; a missing node when it has no body. */
    public JsonNode post(int port, String endpoint, Map<String, Object> body) {
        return parsed(endpoint, send(port, endpoint, "POST", body));
    }

    /** As {@link #post}, for what is to be gone. */
    public JsonNode delete(int port, String endpoint) {
        return parsed(endpoint, send(port, endpoint, "DELETE", null));
    }

    private String send(int port, String endpoint, String method, @Nullable Map<String, Object> body) {
        URI uri = URI.create("http://127.0.0.1:" + port + "/actuator/" + endpoint);
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .timeout(LIMIT)
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(
                                        JsonMapper.shared().writeValueAsString(body)));
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        if (!key.isEmpty()) {
            request.header("Authorization", "Bearer " + key);
        }
        try {
            HttpResponse<String> answer = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() >= 300) {
                throw new CliException(detail(uri, answer));
            }
            return answer.body();
        } catch (IOException e) {
            throw new CliException("no answer from " + uri + ": " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    private static JsonNode parsed(String endpoint, String text) {
        try {
            return text.isBlank()
                    ? JsonMapper.shared().missingNode()
                    : JsonMapper.shared().readTree(text);
        } catch (JacksonException e) {
            throw new CliException(endpoint + " answers something else than JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** What the problem says, where the answer is one. */
    private static String detail(URI uri, HttpResponse<String> answer) {
        try {
            String detail =
                    JsonMapper.shared().readTree(answer.body()).path("detail").asString("");
            if (!detail.isEmpty()) {
                return detail;
            }
        } catch (JacksonException e) {
            // Not a problem of ours: the status says enough.
        }
        return uri + " answers " + answer.statusCode();
    }
}
