package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** SIGTERM of a gateway, with a stream in the middle. */
@WithStack
@Timeout(240)
class StoppingGatewayIT {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final String model = "model-" + UUID.randomUUID();
    private final HttpClient http = HttpClient.newHttpClient();
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();

    /** Outlives the gateway that stops: the worker hangs on it. */
    private TestCluster cluster;

    private ScriptedWorker worker;

    @BeforeEach
    void startWorker(TestStack stack) throws Exception {
        cluster = TestCluster.start(stack.kafka(), stack.redis());
        worker = cluster.decode("decode-" + UUID.randomUUID(), model);
        worker.stopBefore(3);
        logged.start();
        logger().addAppender(logged);
    }

    @AfterEach
    void stopWorker() {
        logger().detachAppender(logged);
        cluster.close();
        http.close();
    }

    @Test
    void aRunningStreamGoesOnToItsEndWhileNewRequestsAreSentElsewhere(TestStack stack) throws Exception {
        TestCluster gateway = serving(stack);
        StreamOfTest stream = open(gateway);
        Thread stopping = Thread.ofVirtual().start(gateway::close);
        await().atMost(LONG)
                .until(() -> http.send(request(gateway, false), HttpResponse.BodyHandlers.ofString())
                        .body()
                        .contains("shutting_down"));
        assertThat(stream.over).as("fault not applied").isNotDone();

        worker.stopBefore(Integer.MAX_VALUE);

        stream.over.get();
        assertThat(stream.lines).last().isEqualTo("data: [DONE]");
        assertThat(String.join("\n", stream.lines))
                .contains("\"finish_reason\":\"length\"")
                .doesNotContain("error");
        stopping.join();
        await().atMost(LONG)
                .untilAsserted(() -> assertThat(linesOf(stream.requestId))
                        .as("one line a request")
                        .hasSize(1));
    }

    @Test
    void whatStillRunsAtTheDrainLimitEndsWithAnError(TestStack stack) throws Exception {
        // The web server may take as long as it likes: it waits for nothing.
        TestCluster gateway = serving(
                stack, "--baton.dispatch.drain-limit=300ms", "--spring.lifecycle.timeout-per-shutdown-phase=10m");
        StreamOfTest stream = open(gateway);

        gateway.close();

        stream.over.get();
        assertThat(stream.lines).last().isEqualTo("data: [DONE]");
        assertThat(String.join("\n", stream.lines)).contains("event: error", "shutting_down");
    }

    /** Whoever sends requests here sees first that it is not ready, and has a while to send them elsewhere. */
    @Test
    void servesOnForAWhileOnceItIsNotReadyAndClosesTheConnectionsOfWhoAsks(TestStack stack) throws Exception {
        TestCluster gateway = serving(stack, "--baton.gateway.lame-duck=8s");
        worker.stopBefore(Integer.MAX_VALUE);
        assertThat(http.send(request(gateway, false), HttpResponse.BodyHandlers.ofString())
                        .headers()
                        .firstValue("connection"))
                .as("a gateway that stays keeps its connections")
                .isEmpty();

        Thread stopping = Thread.ofVirtual().start(gateway::close);
        await().atMost(LONG).until(() -> readiness(gateway) == 503);

        HttpResponse<String> late = http.send(request(gateway, false), HttpResponse.BodyHandlers.ofString());
        assertThat(late.statusCode()).as(late.body()).isEqualTo(200);
        assertThat(late.headers().firstValue("connection")).hasValue("close");
        HttpResponse<Stream<String>> stream = http.send(request(gateway, true), HttpResponse.BodyHandlers.ofLines());
        assertThat(stream.body().filter(line -> !line.isBlank())).last().isEqualTo("data: [DONE]");
        assertThat(stream.headers().firstValue("connection")).hasValue("close");
        stopping.join();
    }

    private int readiness(TestCluster gateway) throws Exception {
        return http.send(
                        HttpRequest.newBuilder(URI.create(
                                        "http://127.0.0.1:" + gateway.managementPort() + "/actuator/health/readiness"))
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private TestCluster serving(TestStack stack, String... settings) {
        TestCluster gateway = TestCluster.serving(
                stack.kafka(),
                stack.redis(),
                0,
                Stream.concat(
                                Stream.of(
                                        "--baton.model.name=" + model,
                                        "--baton.gateway.id=gateway-" + UUID.randomUUID()),
                                Stream.of(settings))
                        .toArray(String[]::new));
        await().atMost(LONG).until(() -> gateway.placement().maxContext(model) > 0);
        return gateway;
    }

    private HttpRequest request(TestCluster gateway, boolean stream) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.port() + "/v1/completions"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"model\":\"" + model + "\",\"prompt\":[5,6,7],\"max_tokens\":20,\"stream\":" + stream + "}"))
                .build();
    }

    /** A stream that has begun and waits for its fourth token. */
    private StreamOfTest open(TestCluster gateway) throws Exception {
        HttpResponse<Stream<String>> response = http.send(request(gateway, true), HttpResponse.BodyHandlers.ofLines());
        StreamOfTest stream =
                new StreamOfTest(response.headers().firstValue("x-request-id").orElseThrow());
        Thread.ofVirtual().start(() -> stream.read(response.body()));
        await().atMost(LONG).until(() -> worker.taken.size() == 1 && !stream.lines.isEmpty());
        return stream;
    }

    private List<String> linesOf(String requestId) {
        return logged.list.stream()
                .filter(event -> event.getLevel().isGreaterOrEqual(Level.INFO))
                .map(event -> event.getFormattedMessage() + " " + event.getKeyValuePairs())
                .filter(line -> line.contains(requestId))
                .toList();
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger("dev.baton");
    }

    private static final class StreamOfTest {
        final List<String> lines = new CopyOnWriteArrayList<>();
        final CompletableFuture<Boolean> over = new CompletableFuture<>();
        final String requestId;

        StreamOfTest(String requestId) {
            this.requestId = requestId;
        }

        void read(Stream<String> body) {
            try (body) {
                body.filter(line -> !line.isBlank()).forEach(lines::add);
                over.complete(true);
            } catch (RuntimeException e) {
                over.completeExceptionally(e);
            }
        }
    }
}
