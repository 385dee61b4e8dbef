package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.baton.protocol.v1.Finish;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

/** What one request leaves in the log and in the meters: whose it was, what the client calls it, what was wrong with it. */
class RequestLogTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int TENANTS = 4;

    private final Logger log = (Logger) LoggerFactory.getLogger("dev.baton.gateway.request");
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    @TempDir
    private Path folder;

    private EdgeServer server;

    @BeforeEach
    void start() throws Exception {
        lines.list = new CopyOnWriteArrayList<>();
        lines.start();
        Path keys = folder.resolve("keys");
        Files.write(
                keys,
                IntStream.range(0, TENANTS).mapToObj(RequestLogTest::keyLine).toList());
        server = EdgeServer.start("--baton.http.api-keys=" + keys, "--baton.http.metric-tenants=2");
        // Not before: the start sets logging up anew.
        log.addAppender(lines);
        server.dispatcher().plays(call -> call.admits().says(5, 6).finishes(Finish.Reason.LENGTH));
    }

    @AfterEach
    void stop() {
        log.detachAppender(lines);
        server.close();
    }

    private static String keyLine(int tenant) {
        try {
            byte[] key = ("key-" + tenant).getBytes(StandardCharsets.UTF_8);
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(key);
            return "tenant-" + tenant + ":" + HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private void post(int tenant, String headers, String body) throws IOException {
        try (RawHttp.Exchange exchange = server.http().connect()) {
            exchange.send(("POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                            + "Authorization: Bearer key-" + tenant + "\r\n" + headers + "Content-Length: "
                            + body.length() + "\r\n\r\n" + body)
                    .getBytes(StandardCharsets.ISO_8859_1));
            exchange.response();
        }
    }

    private ILoggingEvent line() {
        return await().atMost(LONG)
                .until(() -> lines.list, list -> !list.isEmpty())
                .getLast();
    }

    private static String value(ILoggingEvent line, String name) {
        return line.getKeyValuePairs().stream()
                .filter(pair -> pair.key.equals(name))
                .map(pair -> String.valueOf(pair.value))
                .findFirst()
                .orElse("none");
    }

    @Test
    void tellsWhoAskedAndWhatTheClientCallsItsRequest() throws Exception {
        post(1, "X-Client-Request-Id: job-7/3\r\n", "{\"model\":\"demo\",\"prompt\":\"Hi\"}");
        ILoggingEvent line = line();
        assertThat(value(line, "tenant")).isEqualTo("tenant-1");
        assertThat(value(line, "key")).isNotEqualTo("none").doesNotContain("key-1");
        assertThat(value(line, "client_request")).isEqualTo("job-7/3");
        assertThat(value(line, "status")).isEqualTo("200");
    }

    @Test
    void namesTheParameterAtFault() throws Exception {
        post(0, "", "{\"model\":\"demo\",\"prompt\":\"Hi\",\"temperature\":99}");
        ILoggingEvent line = line();
        assertThat(value(line, "status")).isEqualTo("400");
        assertThat(value(line, "param")).isEqualTo("temperature");
    }

    @Test
    void takesNoFieldAndNoLineFromAClient() throws Exception {
        post(
                0,
                "X-Request-Id: a status=500 tenant=other\t\u0085\r\n",
                "{\"model\":\"demo\",\"prompt\":\"Hi\",\"x status=200\\nforged\":1}");
        ILoggingEvent line = line();
        assertThat(value(line, "client_request"))
                .isEqualTo("a\\u0020status\\u003d500\\u0020tenant\\u003dother\\u0009\\u0085");
        for (KeyValuePair pair : Objects.requireNonNull(line.getKeyValuePairs())) {
            if (!pair.key.equals("recoveries")) {
                assertThat(String.valueOf(pair.value)).as(pair.key).doesNotContainAnyWhitespaces();
            }
        }
    }

    @Test
    void countsTokensByTenantAndModelForSoManyTenants() throws Exception {
        for (int tenant = 0; tenant < TENANTS; tenant++) {
            post(tenant, "", "{\"model\":\"demo\",\"prompt\":\"Hi\"}");
            // The first to be counted keep their names, and a request is counted after its answer has left.
            int counted = tenant + 1;
            await().atMost(LONG).until(() -> lines.list.size() == counted);
        }
        MeterRegistry meters = server.bean(MeterRegistry.class);
        List<String> named = meters.find("baton.gateway.tokens").tag("kind", "completion").counters().stream()
                .map(counter -> counter.getId().getTag("tenant") + " "
                        + counter.getId().getTag("model") + " " + (int) counter.count())
                .sorted()
                .toList();
        assertThat(named).containsExactly("other demo 4", "tenant-0 demo 2", "tenant-1 demo 2");
        assertThat(meters.find("gen_ai.server.request.duration")
                        .tag("gen_ai.operation.name", "text_completion")
                        .tag("gen_ai.request.model", "demo")
                        .timer())
                .isNotNull()
                .satisfies(timer -> assertThat(timer.count()).isEqualTo(TENANTS));
    }
}
