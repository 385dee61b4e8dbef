package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.baton.protocol.v1.Finish;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The key file while the gateway runs: exchanged, broken, gone; and what its lines allow. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KeyFileTest {
    private static final Duration LONG = Duration.ofSeconds(10);

    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();

    private Path folder;
    private Path file;
    private EdgeServer server;

    @BeforeAll
    void start(@TempDir Path fresh) throws Exception {
        folder = fresh;
        file = folder.resolve("keys");
        exchange(line("acme", "any-key", ""));
        server = EdgeServer.start("--baton.http.api-keys=" + file, "--baton.http.api-keys-every=20ms");
        logged.start();
        logger().addAppender(logged);
        server.dispatcher().plays(call -> call.admits().finishes(Finish.Reason.LENGTH));
    }

    @AfterAll
    void stop() {
        server.close();
        logger().detachAppender(logged);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger("dev.baton");
    }

    private static String line(String tenant, String key, String options) throws Exception {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        return tenant + ":" + HexFormat.of().formatHex(hash) + " " + options;
    }

    /** As tools do it: a new file in the place of the old one. */
    private void exchange(String... lines) throws Exception {
        Path fresh = folder.resolve("fresh");
        Files.write(fresh, List.of(lines));
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private RawHttp.Response ask(String key) throws Exception {
        return server.http()
                .post("/v1/completions", "{\"model\":\"demo\",\"prompt\":\"x\"}", "Authorization: Bearer " + key);
    }

    private double meter(String name) {
        return server.bean(MeterRegistry.class).get(name).gauge().value();
    }

    private double reloads(String outcome) {
        return server.bean(MeterRegistry.class)
                .get("baton.gateway.keys.reloads")
                .tag("outcome", outcome)
                .counter()
                .count();
    }

    @Test
    void keysComeAndGoWithoutARestartAndABrokenFileChangesNothing() throws Exception {
        exchange(line("acme", "first-key", "id=ci"), line("stays", "other-key", ""));
        await().atMost(LONG).until(() -> ask("first-key").status() == 200);
        assertThat(ask("second-key").status()).isEqualTo(401);

        exchange(line("acme", "second-key", ""), line("stays", "other-key", ""));
        await().atMost(LONG).until(() -> ask("second-key").status() == 200);
        assertThat(ask("first-key").status()).isEqualTo(401);

        double before = reloads("refused");
        Files.writeString(file, "acme:third-key-in-clear\n" + line("stays", "other-key", ""));
        await().atMost(LONG).until(() -> reloads("refused") > before);
        assertThat(meter("baton.gateway.keys.stale")).isEqualTo(1);
        assertThat(ask("second-key").status()).isEqualTo(200);
        assertThat(ask("third-key-in-clear").status()).isEqualTo(401);

        double refused = reloads("refused");
        Files.delete(file);
        await().atMost(LONG).until(() -> reloads("refused") > refused);
        assertThat(ask("second-key").status()).isEqualTo(200);

        exchange(line("acme", "third-key", ""));
        await().atMost(LONG).until(() -> ask("third-key").status() == 200);
        assertThat(ask("other-key").status()).isEqualTo(401);
        assertThat(meter("baton.gateway.keys.stale")).isZero();
        assertThat(meter("baton.gateway.keys")).isEqualTo(1);

        String lines = logged.list.stream()
                .map(event -> event.getFormattedMessage() + " " + event.getKeyValuePairs())
                .collect(Collectors.joining("\n"));
        assertThat(lines)
                .contains("The API keys stay as they were: Line 1 of the API-key file", "key=\"ci\"")
                .doesNotContain("first-key", "second-key", "third-key", "other-key");
    }

    @Test
    void aKeyEndsAtItsTimeAndOpensItsModelsOnly() throws Exception {
        exchange(
                line("acme", "old", "expires=2026-11-22T11:59:59Z"),
                line("acme", "today", "expires=2026-11-23"),
                line("acme", "elsewhere", "models=other,third"),
                line("acme", "here", "models=other,demo"));
        await().atMost(LONG).until(() -> ask("today").status() == 200);
        RawHttp.Response old = ask("old");
        assertThat(old.status()).isEqualTo(401);
        assertThat(old.body()).contains("invalid_api_key", "expired");
        RawHttp.Response elsewhere = ask("elsewhere");
        assertThat(elsewhere.status()).isEqualTo(403);
        assertThat(elsewhere.body()).contains("\"code\":\"permission_denied\"", "\"param\":\"model\"");
        assertThat(models("elsewhere", "").body()).contains("\"data\":[]");
        assertThat(models("elsewhere", "/demo").status()).isEqualTo(404);
        assertThat(ask("here").status()).isEqualTo(200);
        assertThat(models("here", "").body()).contains("\"id\":\"demo\"");
        assertThat(models("here", "/demo").status()).isEqualTo(200);
    }

    private RawHttp.Response models(String key, String name) throws Exception {
        return server.http().exchange("GET", "/v1/models" + name, "", "Authorization: Bearer " + key);
    }

    /** There is no Redis in this test: the gateway has the least share, and that begins with nothing. */
    @Test
    void whatIsOverAQuotaIsRefusedInOpenAisForm() throws Exception {
        exchange("tenant acme tokens-per-minute=600", line("acme", "limited", "id=ci requests-per-minute=1"));
        await().atMost(LONG).until(() -> ask("limited").status() == 429);
        RawHttp.Response refused = ask("limited");
        assertThat(refused.body()).contains("\"code\":\"rate_limit_exceeded\"", "\"param\":null");
        assertThat(Integer.parseInt(refused.header("retry-after"))).isBetween(1, 60);
        assertThat(refused.header("x-ratelimit-limit-requests")).isEqualTo("1");
        assertThat(refused.header("x-ratelimit-remaining-requests")).isEqualTo("0");
        assertThat(refused.header("x-ratelimit-limit-tokens")).isNotNull();
    }
}
