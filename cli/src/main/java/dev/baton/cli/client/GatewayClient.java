package dev.baton.cli.client;

import dev.baton.cli.host.CliException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Talks to a gateway with the JDK's own HTTP client, as an application in Java would. */
public final class GatewayClient implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);
    private static final Duration ANSWER_LIMIT = Duration.ofMinutes(10);
    /** A gateway writes a comment into a silent stream every ten seconds by default. */
    private static final Duration SILENCE_LIMIT = Duration.ofMinutes(1);

    private final URI base;
    private final @Nullable String key;
    private final Duration silenceLimit;
    private final boolean resumable;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_LIMIT)
            .build();

    public GatewayClient(URI base, @Nullable String key) {
        this(base, key, SILENCE_LIMIT, false);
    }

    /** @param resumable asks for streams that another gateway could go on with */
    public GatewayClient(URI base, @Nullable String key, boolean resumable) {
        this(base, key, SILENCE_LIMIT, resumable);
    }

    GatewayClient(URI base, @Nullable String key, Duration silenceLimit) {
        this(base, key, silenceLimit, false);
    }

    private GatewayClient(URI base, @Nullable String key, Duration silenceLimit, boolean resumable) {
        this.resumable = resumable;
        this.base = base;
        this.key = key;
        this.silenceLimit = silenceLimit;
    }

    /** Ids of the models that are served. */
    public List<String> models() {
        HttpResponse<InputStream> response = send(request("/v1/models").GET().build());
        List<String> ids = new ArrayList<>();
        for (JsonNode model : body(response).path("data")) {
            ids.add(model.path("id").asString(""));
        }
        return ids;
    }

    /**
     * Streams a chat completion and blocks until it ends, no longer than ten minutes and no longer than the stream is
     * alive.
     *
     * @throws CliException when the gateway refuses, or the stream breaks, falls silent or ends with an error
     */
    public void chat(ObjectNode request, ChatListener listener) {
        HttpRequest.Builder post = post(request);
        if (resumable) {
            post.header("X-Baton-Resumable", "true");
        }
        read(send(post.build()), new StreamPlace(), listener);
    }

    /** As {@link #chat}, for a stream that another gateway can go on with: {@code place} then says from where. */
    void begin(ObjectNode request, String idempotencyKey, StreamPlace place, ChatListener listener) {
        HttpRequest.Builder post =
                post(request).header("X-Baton-Resumable", "true").header("Idempotency-Key", idempotencyKey);
        read(send(post.build()), place, listener);
    }

    /** Streams what comes after this place, and blocks until that ends. */
    void goOn(StreamPlace place, ChatListener listener) {
        read(send(request(place.path()).GET().build()), place, listener);
    }

    private HttpRequest.Builder post(ObjectNode request) {
        request.put("stream", true);
        return request("/v1/chat/completions")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(request)));
    }

    private void read(HttpResponse<InputStream> response, StreamPlace place, ChatListener listener) {
        if (response.statusCode() != 200) {
            throw new CliException(errorOf(response));
        }
        response.headers().firstValue("X-Baton-Stream").ifPresent(place::opened);
        Watchdog watchdog = new Watchdog(response.body(), silenceLimit, ANSWER_LIMIT);
        try (watchdog;
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            boolean done = false;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                watchdog.heard();
                if (line.startsWith("id: ")) {
                    place.id(line.substring(4));
                } else if (line.equals("data: [DONE]")) {
                    done = true;
                } else if (line.startsWith("data: ")) {
                    take(JSON.readTree(line.substring(6)), listener);
                    place.taken();
                }
            }
            if (!done) {
                throw broken(
                        "the stream ended without [DONE]: ", watchdog, "the connection to " + base + " broke", null);
            }
        } catch (JacksonException e) {
            throw new CliException("the stream from " + base + " is not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw broken("the stream from " + base + " broke: ", watchdog, String.valueOf(e.getMessage()), e);
        }
    }

    /** A stream that the watchdog closed did not break. */
    private static CliException broken(String what, Watchdog watchdog, String why, @Nullable IOException cause) {
        return watchdog.why()
                .map(silent -> new CliException(what + silent))
                .orElseGet(() -> cause == null
                        ? new BrokenStreamException(what + why)
                        : new BrokenStreamException(what + why, cause));
    }

    private static void take(JsonNode event, ChatListener listener) {
        JsonNode error = event.path("error");
        if (error.isObject()) {
            String message = error.path("message").asString("unknown error");
            throw error.path("code").asString("").equals("shutting_down")
                    ? new BrokenStreamException(message)
                    : new CliException(message);
        }
        for (JsonNode choice : event.path("choices")) {
            String text = choice.path("delta").path("content").asString("");
            if (!text.isEmpty()) {
                listener.text(text);
            }
            JsonNode reason = choice.path("finish_reason");
            if (reason.isString()) {
                listener.finished(reason.asString());
            }
        }
        if (event.path("usage").isObject()) {
            listener.usage(event.path("usage"));
        }
        if (event.path("timing").isObject()) {
            listener.timing(event.path("timing"));
        }
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(base.resolve(path)).timeout(ANSWER_LIMIT);
        builder.header("X-Baton-Timing", "true");
        if (key != null) {
            builder.header("Authorization", "Bearer " + key);
        }
        return builder;
    }

    private HttpResponse<InputStream> send(HttpRequest request) {
        try {
            return http.send(request, BodyHandlers.ofInputStream());
        } catch (ConnectException e) {
            throw new BrokenStreamException(
                    "no gateway answers at " + base + ": start one with './baton up' or name it with --url", e);
        } catch (IOException e) {
            throw new BrokenStreamException("request to " + base + " failed: " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted", e);
        }
    }

    private JsonNode body(HttpResponse<InputStream> response) {
        if (response.statusCode() != 200) {
            throw new CliException(errorOf(response));
        }
        try (InputStream in = response.body()) {
            return JSON.readTree(in);
        } catch (IOException | JacksonException e) {
            throw new CliException(base + " does not answer as a Baton gateway: " + e.getMessage(), e);
        }
    }

    private static String errorOf(HttpResponse<InputStream> response) {
        try (InputStream in = response.body()) {
            String text = new String(in.readNBytes(64 * 1024), StandardCharsets.UTF_8);
            String message = JSON.readTree(text).path("error").path("message").asString("");
            return "HTTP " + response.statusCode() + ": " + (message.isEmpty() ? text : message);
        } catch (IOException | JacksonException e) {
            return "HTTP " + response.statusCode();
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
        http.close();
    }
}
