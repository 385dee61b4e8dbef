package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.protocol.v1.WorkerState;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** More than a worker can do, at a whole gateway, with Kafka and Redis and a worker that claims when told. */
@WithStack
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
class OverloadIT {
    private static final Duration LONG = Duration.ofSeconds(20);

    private final String model = "model-" + UUID.randomUUID();
    private final HttpClient http = HttpClient.newHttpClient();
    private TestCluster cluster;
    private ScriptedWorker worker;

    @BeforeAll
    void start(TestStack stack) throws Exception {
        cluster = TestCluster.serving(
                stack.kafka(), stack.redis(), "--baton.model.name=" + model, "--baton.dispatch.patience=1500ms");
        worker = cluster.decode("decode-a", model, 1);
        // One at a time, and each answer of three tokens takes a second.
        worker.says(1, 1_000_000, 3);
        await().atMost(LONG)
                .until(() -> cluster.workers().of(model).stream()
                        .map(WorkerState::getPlaces)
                        .toList()
                        .equals(List.of(1)));
    }

    @AfterAll
    void stop() {
        cluster.close();
        http.close();
    }

    @Test
    void whoComesAgainWhenToldFindsItsPlaceKept() throws Exception {
        CompletableFuture<HttpResponse<String>> first = send("first");
        claimNext();
        assertThat(first.get().statusCode())
                .as("of which the gateway learns how long answers are")
                .isEqualTo(200);
        List<CompletableFuture<HttpResponse<String>>> letIn = new ArrayList<>();
        for (int i = 1; i <= 2; i++) {
            letIn.add(send("let in " + i));
            int so = i;
            await().atMost(LONG).until(() -> running() == so);
        }
        await().atMost(LONG).until(() -> worker.unclaimed() == 1);

        HttpResponse<String> refused = send("sent away", 3).get();
        Instant told = Instant.now().plusMillis(Long.parseLong(header(refused, "retry-after-ms")));
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).contains("server_overloaded", "a place is kept", "baton.dispatch.patience");
        assertThat(Integer.parseInt(header(refused, "retry-after"))).isBetween(1, 5);
        assertThat(refused.headers().firstValue("x-should-retry")).isEmpty();
        assertThat(cluster.meters().get("baton.dispatch.bookings").gauge().value())
                .isEqualTo(1);

        await().atMost(LONG).until(() -> Instant.now().isAfter(told));
        assertThat(send("a new one").get().statusCode()).as("nothing has ended").isEqualTo(429);
        letIn.add(send("sent away", 3));
        await().atMost(LONG).until(() -> running() == 2 + 3);
        for (int i = 0; i < 2 + 3; i++) {
            claimNext();
        }
        for (CompletableFuture<HttpResponse<String>> answer : letIn) {
            assertThat(answer.get().statusCode()).as(answer.get().body()).isEqualTo(200);
        }
        assertThat(cluster.meters()
                        .get("baton.dispatch.bookings.kept")
                        .functionCounter()
                        .count())
                .isEqualTo(1);
        assertThat(cluster.meters().get("baton.dispatch.retry.late").timer().count())
                .isEqualTo(1);
    }

    private void claimNext() {
        await().atMost(LONG).until(() -> worker.unclaimed() > 0);
        worker.claimOne();
    }

    private int running() {
        return (int) cluster.meters().get("baton.dispatch.running").gauge().value();
    }

    private static String header(HttpResponse<?> answer, String name) {
        return answer.headers().firstValue(name).orElseThrow();
    }

    private CompletableFuture<HttpResponse<String>> send(String prompt) {
        return send(prompt, 1);
    }

    private CompletableFuture<HttpResponse<String>> send(String prompt, int choices) {
        String body =
                "{\"model\":\"%s\",\"prompt\":\"%s\",\"max_tokens\":3,\"n\":%d}".formatted(model, prompt, choices);
        return http.sendAsync(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + cluster.port() + "/v1/completions"))
                        .header("content-type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
