package dev.baton.gateway.dispatch;

import static dev.baton.gateway.dispatch.DocumentedExample.example;
import static dev.baton.gateway.dispatch.DocumentedExample.shape;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.control.GenerationRequest;
import dev.baton.protocol.v1.RequestTags;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A whole gateway with scripted workers, asked at its management port, and what docs/operations.md shows of it. */
@WithStack
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
class OperationsIT {
    private static final String REQUEST = "request-" + UUID.randomUUID();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private final String model = "model-" + UUID.randomUUID();
    private TestCluster cluster;

    @BeforeAll
    void start(TestStack stack) throws Exception {
        cluster = TestCluster.serving(stack.kafka(), stack.redis(), 0, "--baton.lanes.dead-prompts=true");
        cluster.prefill("prefill-a", model);
        cluster.decode("decode-a", model);
        cluster.decode("decode-b", model);
        await().until(() -> cluster.workers().of(model).size() == 3);
        answered(REQUEST, 200);
    }

    @AfterAll
    void stop() {
        cluster.endWorkers();
        cluster.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"workers", "requests", "kv", "topology", "models", "usage", "settings"})
    void answersAsTheDocumentShows(String endpoint) throws Exception {
        String path = endpoint.equals("requests") ? "requests/" + REQUEST : endpoint;
        assertThat(shape(get(path))).containsAll(shape(example(endpoint, "json")));
        if (!endpoint.equals("settings")) {
            assertThat(shape(example(endpoint, "json"))).containsAll(shape(get(path)));
        }
    }

    @Test
    void theWaterfallAddsUpToTheTimeToFirstToken() throws Exception {
        JsonNode ttft = get("requests/" + REQUEST).path("ttft");
        long sum = 0;
        for (JsonNode part : ttft.path("parts")) {
            assertThat(part.path("micros").asLong()).isNotNegative();
            sum += part.path("micros").asLong();
        }
        assertThat(ttft.path("parts")).hasSize(6);
        assertThat(sum)
                .isBetween(
                        ttft.path("totalMicros").asLong() - 1_000,
                        ttft.path("totalMicros").asLong() + 1_000);
    }

    @Test
    void aDrainedWorkerGetsNothingUntilTheDrainIsUndone() throws Exception {
        ScriptedWorker drained = cluster.worker("decode-a");
        HttpResponse<String> asked = post("workers/decode-a", "{\"draining\":true}");
        assertThat(asked.statusCode()).isEqualTo(200);
        assertThat(shape(JsonMapper.shared().readTree(asked.body())))
                .isEqualTo(shape(example("workers", "json drain")));
        await().until(() -> state("decode-a").equals("draining"));
        int before = drained.taken.size();
        for (int i = 0; i < 6; i++) {
            answered("drained-" + i + UUID.randomUUID(), 10);
        }
        assertThat(drained.taken).hasSize(before);

        assertThat(post("workers/decode-a", "{\"draining\":false}").statusCode())
                .isEqualTo(200);
        await().until(() -> state("decode-a").equals("ready"));
        await().until(() -> {
            answered("again-" + UUID.randomUUID(), 10);
            return drained.taken.size() > before;
        });
    }

    @Test
    void aStruckRequestShowsHowItWentOn() throws Exception {
        String other = "model-" + UUID.randomUUID();
        ScriptedWorker first = cluster.decode("decode-c", other);
        first.stopBefore(2);
        await().until(() -> cluster.workers().of(other).size() == 1);
        String id = "struck-" + UUID.randomUUID();
        RecordingSink sink = new RecordingSink();
        sink.start(cluster.dispatcher(), request(id, 10, other));
        await().until(() -> sink.tokens.size() == 2);
        cluster.decode("decode-d", other);
        await().until(() -> cluster.workers().of(other).size() == 2);
        first.kill();
        assertThat(sink.end()).isEqualTo("finished LENGTH");
        JsonNode recoveries = get("requests/" + id).path("recoveries");
        assertThat(recoveries).as("fault not applied").hasSize(1);
        assertThat(shape(recoveries.get(0))).isEqualTo(shape(example("requests", "json recovery")));
        assertThat(recoveries.get(0).path("rung").asString("")).isEqualTo("pool");
    }

    @Test
    void aDeadLetterIsListedLookedAtAndRunAgain() throws Exception {
        String id = "dead-" + UUID.randomUUID();
        cluster.jobs().deadLetter(request(id, 3).toGeneration().toBuilder(), "says the test");
        await().until(() -> letter(id) != null);
        JsonNode letter = Objects.requireNonNull(letter(id));
        assertThat(shape(letter))
                .isEqualTo(shape(example("dlq", "json").path("letters").get(0)));
        String path = "dlq/" + letter.path("offset").asString();
        assertThat(get(path)).isEqualTo(letter);
        HttpResponse<String> run = post(path, "{\"within\":\"20s\"}");
        assertThat(run.statusCode()).as(run.body()).isEqualTo(200);
        JsonNode outcome = JsonMapper.shared().readTree(run.body());
        assertThat(shape(outcome)).isEqualTo(shape(example("dlq", "json redrive")));
        assertThat(outcome.path("end").asString("")).isEqualTo("length");
        assertThat(outcome.path("tokens").asInt()).isEqualTo(5);
    }

    private @Nullable JsonNode letter(String id) throws Exception {
        for (JsonNode letter : get("dlq?most=100").path("letters")) {
            if (letter.path("request").asString("").equals(id)) {
                return letter;
            }
        }
        return null;
    }

    @Test
    void whatIsNotThereIsAProblem() throws Exception {
        for (String path : Set.of("workers/nobody", "requests/nothing", "dlq/1000000")) {
            HttpResponse<String> answer = send(path, null);
            assertThat(answer.statusCode()).isEqualTo(404);
            assertThat(answer.headers().firstValue("Content-Type").orElse("")).startsWith("application/problem+json");
        }
        assertThat(post("workers/nobody", "{\"draining\":true}").statusCode()).isEqualTo(404);
        assertThat(post("workers/decode-b", "{\"draining\":\"perhaps\"}").statusCode())
                .isEqualTo(400);
        assertThat(post("workers/decode-b", "{}").statusCode()).isEqualTo(400);
        assertThat(post("dlq/1000000", "{}").statusCode()).isEqualTo(404);
        assertThat(post("dlq/1000000", "{\"within\":\"-1s\"}").statusCode()).isEqualTo(400);
    }

    private String state(String worker) throws Exception {
        return get("workers/" + worker).path("state").asString("");
    }

    private void answered(String id, int promptTokens) throws Exception {
        RecordingSink sink = new RecordingSink();
        sink.start(cluster.dispatcher(), request(id, promptTokens));
        assertThat(sink.end()).isEqualTo("finished LENGTH");
    }

    private GenerationRequest request(String id, int promptTokens) {
        return request(id, promptTokens, model);
    }

    private static GenerationRequest request(String id, int promptTokens, String model) {
        // Each its own, or all would go where the first one's KV is thought to be.
        int[] prompt = ThreadLocalRandom.current().ints(promptTokens, 0, 1_000).toArray();
        return new GenerationRequest(
                id,
                "tenant",
                model,
                prompt,
                Sampling.getDefaultInstance(),
                Stopping.newBuilder().setMaxTokens(5).build(),
                0,
                Instant.now().plusSeconds(30),
                RequestTags.getDefaultInstance(),
                null);
    }

    private JsonNode get(String path) throws Exception {
        HttpResponse<String> answer = send(path, null);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return JsonMapper.shared().readTree(answer.body());
    }

    private HttpResponse<String> post(String path, String body) throws Exception {
        return send(path, body);
    }

    private HttpResponse<String> send(String path, @Nullable String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + cluster.managementPort() + "/actuator/" + path));
        if (body != null) {
            request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body));
        }
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
