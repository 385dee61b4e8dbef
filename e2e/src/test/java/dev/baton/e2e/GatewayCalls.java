package dev.baton.e2e;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Requests to the gateway over plain HTTP. Threads may share it. */
final class GatewayCalls implements AutoCloseable {
    static final String CHAT = "/v1/chat/completions";
    static final String COMPLETIONS = "/v1/completions";

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Duration LIMIT = Duration.ofSeconds(50);

    private final URI base;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();

    GatewayCalls(URI base) {
        this.base = base;
    }

    /**
     * A streamed answer, whole.
     *
     * @param tokens texts of the tokens, when the request asked for logprobs
     * @param attempts how many times the gateway dispatched it
     */
    record Answer(String text, List<String> tokens, String finish, int attempts, JsonNode timing) {}

    /** Asks for a greedy chat about one user message. */
    static ObjectNode chat(String question) {
        ObjectNode body = JSON.createObjectNode();
        body.put("model", "demo").put("temperature", 0);
        body.putArray("messages").addObject().put("role", "user").put("content", question);
        return body;
    }

    HttpResponse<String> post(String path, String body) {
        return send(request(path, body), BodyHandlers.ofString());
    }

    Answer stream(String path, ObjectNode body) {
        return stream(path, body, count -> {});
    }

    /** @param onText told how many pieces of text have come, after each */
    Answer stream(String path, ObjectNode body, IntConsumer onText) {
        body.put("stream", true);
        HttpResponse<InputStream> response = send(request(path, body.toString()), BodyHandlers.ofInputStream());
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            if (response.statusCode() != 200) {
                throw new AssertionError("status " + response.statusCode() + ": " + lines.readLine());
            }
            Gathered gathered = new Gathered();
            int pieces = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.equals("data: [DONE]")) {
                    return gathered.answer();
                }
                if (line.startsWith("data: ") && gathered.take(JSON.readTree(line.substring(6)))) {
                    pieces++;
                    onText.accept(pieces);
                }
            }
            throw new AssertionError("the stream ended without [DONE] after: " + gathered.text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All at once, each streamed; answers in the order of the requests. */
    List<Answer> together(String path, List<ObjectNode> requests) throws InterruptedException {
        List<Callable<Answer>> calls = requests.stream()
                .<Callable<Answer>>map(request -> () -> stream(path, request))
                .toList();
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Answer> answers = new ArrayList<>();
            for (Future<Answer> call : clients.invokeAll(calls, LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                switch (call.state()) {
                    case SUCCESS -> answers.add(call.resultNow());
                    case FAILED -> throw new AssertionError("a request failed", call.exceptionNow());
                    case CANCELLED, RUNNING ->
                        throw new AssertionError(
                                "request " + answers.size() + " of " + calls.size() + " had not ended after " + LIMIT);
                }
            }
            return answers;
        }
    }

    /** Reads some pieces of a stream and then breaks the connection. */
    void leave(String path, ObjectNode body, int pieces, Runnable beforeLeaving) {
        try {
            stream(path, body, count -> {
                if (count == pieces) {
                    beforeLeaving.run();
                    throw new Left();
                }
            });
            throw new AssertionError("fault not applied: the answer ended before the client left");
        } catch (Left left) {
            // The reader was closed on the way out, and with it the connection.
        }
    }

    /** Asks, and breaks the connection once {@code leave} returns, whatever has come by then. */
    void leaveWhen(String path, ObjectNode body, Runnable leave) {
        var asked = http.sendAsync(request(path, body.put("stream", true).toString()), BodyHandlers.ofString());
        try {
            leave.run();
            if (asked.isDone()) {
                throw new AssertionError("fault not applied: the answer ended before the client left");
            }
        } finally {
            asked.cancel(true);
        }
    }

    String text(URI uri) {
        HttpResponse<String> response =
                send(HttpRequest.newBuilder(uri).timeout(LIMIT).build(), BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new AssertionError(uri + " answers " + response.statusCode() + ": " + response.body());
        }
        return response.body();
    }

    /** As {@link #post}, as part of a trace. */
    HttpResponse<String> post(String path, String body, String traceparent) {
        return send(
                HttpRequest.newBuilder(request(path, body), (name, value) -> true)
                        .header("traceparent", traceparent)
                        .build(),
                BodyHandlers.ofString());
    }

    private HttpRequest request(String path, String body) {
        return HttpRequest.newBuilder(base.resolve(path))
                .timeout(LIMIT)
                .header("Content-Type", "application/json")
                .header("X-Baton-Timing", "true")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
        try {
            return http.send(request, handler);
        } catch (IOException e) {
            throw new UncheckedIOException(request.uri() + ": " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        http.shutdownNow();
        http.close();
    }

    private static final class Left extends RuntimeException {
        private static final long serialVersionUID = 1;

        Left() {
            super("the client left", null, false, false);
        }
    }

    private static final class Gathered {
        private final StringBuilder text = new StringBuilder();
        private final List<String> tokens = new ArrayList<>();
        private String finish = "";
        private JsonNode timing = JSON.createObjectNode();

        /** Whether the event brought text. */
        boolean take(JsonNode event) {
            if (event.has("error")) {
                throw new AssertionError("the stream failed after \"" + text + "\": " + event);
            }
            if (event.path("timing").isObject()) {
                timing = event.path("timing");
            }
            boolean brought = false;
            for (JsonNode choice : event.path("choices")) {
                String piece = choice.path("text")
                        .asString(choice.path("delta").path("content").asString(""));
                text.append(piece);
                brought |= !piece.isEmpty();
                JsonNode logprobs = choice.path("logprobs");
                logprobs.path("content")
                        .forEach(entry -> tokens.add(entry.path("token").asString("")));
                logprobs.path("tokens").forEach(entry -> tokens.add(entry.asString("")));
                if (choice.path("finish_reason").isString()) {
                    finish = choice.path("finish_reason").asString();
                }
            }
            return brought;
        }

        Answer answer() {
            return new Answer(
                    text.toString(), tokens, finish, timing.path("attempts").asInt(0), timing);
        }
    }
}
