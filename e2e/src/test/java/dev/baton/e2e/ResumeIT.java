package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cli.host.Signals;
import dev.baton.cli.up.LocalStack;
import dev.baton.stack.ChildProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Two gateways: what one has begun the other goes on with, also after kill -9. The last test leaves one gateway. */
@Order(8)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ResumeIT {
    private static final int CLIENTS = 6;
    private static final int TOKENS = 400;
    private static final int LEAVE_AFTER = 40;
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Duration LONG = Duration.ofSeconds(60);

    private static LocalStack stack;
    private static HttpClient http;

    @BeforeAll
    static void start() {
        stack = RunningBaton.twoGateways("resume", List.of());
        http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    @AfterAll
    static void end() {
        http.shutdownNow();
        http.close();
        stack.close();
    }

    /** What came of a stream: ids and text of its events, and whether its end did. */
    private static final class Part {
        final List<String> ids = new ArrayList<>();
        final StringBuilder text = new StringBuilder();
        String stream = "";
        boolean ended;

        String last() {
            return ids.isEmpty() ? "-1" : ids.getLast();
        }
    }

    @Test
    @Order(1)
    @Timeout(120)
    void aClientThatLeftGoesOnAtTheOtherGatewayWhileTheFirstRunsTheAnswer() throws Exception {
        Part whole = read(ask(0, story(1), ""), count -> true);
        assertThat(whole.ended).isTrue();
        Part begun = read(ask(0, story(1), ""), count -> count < LEAVE_AFTER);
        assertThat(begun.ended).as("fault not applied: the answer had ended").isFalse();
        Part rest = read(resume(1, begun.stream, begun.last()), count -> true);
        assertOneAnswer(whole, begun, rest);
        assertThat(read(resume(0, begun.stream, begun.last()), count -> true)
                        .text
                        .toString())
                .as("the same again, at the gateway that ran it")
                .isEqualTo(rest.text.toString());
    }

    @Test
    @Order(2)
    @Timeout(120)
    void aRetryWithItsKeyGetsTheRunningAnswerWhereverItLands() throws Exception {
        Part begun = read(ask(0, story(2), "retry-1"), count -> count < LEAVE_AFTER);
        Part again = read(ask(1, story(2), "retry-1"), count -> true);
        assertThat(again.stream).isEqualTo(begun.stream);
        assertThat(again.ended).isTrue();
        assertThat(again.text.toString()).startsWith(begun.text.toString());
        assertThat(read(ask(1, story(3), "retry-1"), count -> count < 2).stream)
                .as("another body is another request")
                .isNotEqualTo(begun.stream);
    }

    @Test
    @Order(3)
    @Timeout(30)
    void anUnknownStreamIsNotFoundAndAStrangePlaceIsRefused() throws Exception {
        Part begun = read(ask(0, story(1), ""), count -> count < 3);
        assertThat(resume(1, "0".repeat(32), "-1").statusCode()).isEqualTo(404);
        assertThat(resume(1, "..", "-1").statusCode()).isEqualTo(404);
        assertThat(resume(1, begun.stream, "x").statusCode()).isEqualTo(400);
        assertThat(resume(1, begun.stream, "1,2").statusCode()).isEqualTo(400);
    }

    @Test
    @Order(4)
    @Timeout(120)
    void aGatewayThatStoodStillAndWakesChangesNothingAndItsClientGoesOn() throws Exception {
        Part whole = read(ask(1, story(4), ""), count -> true);
        CountDownLatch begun = new CountDownLatch(LEAVE_AFTER);
        HttpResponse<InputStream> held = ask(0, story(4), "");
        String stream = held.headers().firstValue("X-Baton-Stream").orElseThrow();
        ChildProcess owner = stack.process("gateway");
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Part> waits = clients.submit(() -> read(held, count -> {
                begun.countDown();
                return true;
            }));
            assertThat(begun.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
            Signals.send("STOP", owner);
            try {
                Part elsewhere = read(resume(1, stream, "-1"), count -> true);
                assertThat(waits.isDone())
                        .as("fault not applied: the answer had ended")
                        .isFalse();
                assertThat(elsewhere.ended).isTrue();
                assertThat(elsewhere.text.toString()).isEqualTo(whole.text.toString());
            } finally {
                Signals.send("CONT", owner);
            }
            Part first = waits.get(LONG.toSeconds(), TimeUnit.SECONDS);
            assertThat(first.ended).isTrue();
            assertThat(first.text.toString()).isEqualTo(whole.text.toString());
        }
        assertThat(read(resume(1, stream, "-1"), count -> true).text.toString())
                .as("what is stored, after the first owner woke")
                .isEqualTo(whole.text.toString());
    }

    @Test
    @Order(5)
    @Timeout(240)
    void everyStreamGoesOnAtTheOtherGatewayAfterKillOfItsOwn() throws Exception {
        List<Part> whole = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            whole.add(read(ask(1, story(10 + client), ""), count -> true));
        }
        AtomicInteger begun = new AtomicInteger();
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Part>> broken = IntStream.range(0, CLIENTS)
                    .mapToObj(client -> clients.submit(() ->
                            read(ask(0, story(10 + client), client == 0 ? "retry-2" : ""), count -> {
                                if (count == LEAVE_AFTER) {
                                    begun.incrementAndGet();
                                }
                                return true;
                            })))
                    .toList();
            await().atMost(LONG).until(() -> begun.get() == CLIENTS);
            stack.kill("gateway");
            for (int client = 0; client < CLIENTS; client++) {
                Part first = broken.get(client).get(LONG.toSeconds(), TimeUnit.SECONDS);
                assertThat(first.ended)
                        .as("fault not applied: answer %d had ended", client)
                        .isFalse();
                Part rest = read(resume(1, first.stream, first.last()), count -> true);
                assertOneAnswer(whole.get(client), first, rest);
            }
        }
        Part retried = read(ask(1, story(10), "retry-2"), count -> true);
        assertThat(retried.text.toString())
                .as("a retry by its key after the death")
                .isEqualTo(whole.getFirst().text.toString());
    }

    private static void assertOneAnswer(Part whole, Part begun, Part rest) {
        assertThat(rest.ended).as("the end came").isTrue();
        assertThat(begun.text + rest.text.toString()).isEqualTo(whole.text.toString());
        List<String> ids = new ArrayList<>(begun.ids);
        ids.addAll(rest.ids);
        // A reader that is behind gets several events as one, with the id of the last: places only grow, and the text
        // is whole.
        assertThat(ids.stream().map(ResumeIT::place).toList()).isSorted().doesNotHaveDuplicates();
        assertThat(place(rest.ids.getFirst())).isGreaterThan(place(begun.last()));
        assertThat(ids.getLast()).isEqualTo(whole.ids.getLast());
    }

    /** Token and ordinal of an id as one number. */
    private static long place(String id) {
        String[] parts = id.split("\\.");
        return Long.parseLong(parts[0]) * 1_000 + (parts.length > 1 ? Long.parseLong(parts[1]) : 0);
    }

    private static ObjectNode story(int seed) {
        return GatewayCalls.chat("Tell me a long story about a fox")
                .put("temperature", 0.9)
                .put("seed", seed)
                .put("ignore_eos", true)
                .put("max_tokens", TOKENS)
                .put("stream", true);
    }

    private static HttpResponse<InputStream> ask(int gateway, ObjectNode body, String key) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(url(gateway, GatewayCalls.CHAT))
                .timeout(LONG)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()));
        request = key.isEmpty() ? request.header("X-Baton-Resumable", "true") : request.header("Idempotency-Key", key);
        return http.send(request.build(), BodyHandlers.ofInputStream());
    }

    private static HttpResponse<InputStream> resume(int gateway, String stream, String after) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(url(gateway, "/v1/streams/" + stream + "?after=" + after))
                .timeout(LONG)
                .build();
        return http.send(request, BodyHandlers.ofInputStream());
    }

    private static URI url(int gateway, String path) {
        return stack.urls().get(gateway).resolve(path);
    }

    private interface GoOn {
        boolean after(int events);
    }

    /** Reads events until the end, until the connection breaks, or as long as it is to go on. */
    private static Part read(HttpResponse<InputStream> response, GoOn goOn) {
        assertThat(response.statusCode()).isEqualTo(200);
        Part part = new Part();
        part.stream = response.headers().firstValue("X-Baton-Stream").orElseThrow();
        String id = "";
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("id: ")) {
                    id = line.substring(4);
                } else if (line.startsWith("data: ")) {
                    take(part, id, line.substring(6));
                    id = "";
                    if (part.ended || !goOn.after(part.ids.size())) {
                        return part;
                    }
                }
            }
        } catch (IOException e) {
            // The connection broke, as it does when its gateway dies.
        }
        return part;
    }

    private static void take(Part part, String id, String data) {
        if (!id.isEmpty()) {
            part.ids.add(id);
        }
        if (data.equals("[DONE]")) {
            part.ended = true;
            return;
        }
        JsonNode event = JSON.readTree(data);
        assertThat(event.has("error")).as(data).isFalse();
        part.text.append(
                event.path("choices").path(0).path("delta").path("content").asString(""));
    }
}
