package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.baton.protocol.v1.Finish;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
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
        logged.list = new CopyOnWriteArrayList<>();
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

    /** As a permission does: what mends it changes neither time, size nor file. */
    @Test
    void aFileThatCouldNotBeReadIsReadOnceItCanBeThoughItsStampIsTheSame() throws Exception {
        exchange(line("acme", "before-key", ""));
        await().atMost(LONG).until(() -> ask("before-key").status() == 200);
        double before = reloads("refused");
        byte[] good = ("#    \n" + line("acme", "mended-key", "") + "\n").getBytes(StandardCharsets.UTF_8);
        byte[] bad = good.clone();
        bad[2] = (byte) 0xff;
        Path fresh = folder.resolve("fresh");
        Files.write(fresh, bad);
        FileTime time = FileTime.fromMillis(1_700_000_000_000L);
        Files.setLastModifiedTime(fresh, time);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        await().atMost(LONG).until(() -> reloads("refused") > before);
        assertThat(meter("baton.gateway.keys.stale")).isEqualTo(1);
        try (FileChannel open = FileChannel.open(file, StandardOpenOption.WRITE)) {
            open.write(ByteBuffer.wrap(good));
        }
        Files.setLastModifiedTime(file, time);
        await().atMost(LONG).until(() -> ask("mended-key").status() == 200);
        assertThat(reloads("refused")).isEqualTo(before + 1);
        assertThat(meter("baton.gateway.keys.stale")).isZero();
        assertThat(logged.list)
                .anySatisfy(event -> assertThat(event.getFormattedMessage())
                        .contains("The API keys stay as they were: Cannot read", "MalformedInputException"));
    }

    @Test
    void aTenantThatHasLimitsButNoKeyIsNamed() throws Exception {
        exchange("tenant amce concurrent=1", line("acme", "any-key", ""));
        await().atMost(LONG)
                .untilAsserted(() -> assertThat(logged.list)
                        .anySatisfy(event -> assertThat(event.getFormattedMessage())
                                .contains("a line of the tenant amce but no key of it")));
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
