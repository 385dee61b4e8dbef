package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Finish;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who gets in, and as whom. */
class AuthTest {
    private static final String KEY = "bk-0123456789abcdef0123456789abcdef";
    private static EdgeServer server;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() throws Exception {
        Path file = folder.resolve("keys");
        Files.writeString(
                file,
                "# keys of the test\n\nother:" + "0".repeat(64) + "\nacme:" + hash(KEY) + "\nlow:" + hash("flexible")
                        + ":flex\nhigh:" + hash("urgent") + ":priority\n");
        server = EdgeServer.start("--baton.http.api-keys=" + file, "--server.address=0.0.0.0");
        server.dispatcher().plays(call -> call.finishes(Finish.Reason.LENGTH));
    }

    private static String hash(String key) throws Exception {
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @ParameterizedTest
    @CsvSource({
        "Authorization: Bearer " + KEY + ", 200",
        "Authorization: bearer " + KEY + ", 200",
        "X-API-Key: " + KEY + ", 200",
        "api-key: " + KEY + ", 200",
        "'Authorization: Bearer " + KEY + "\r\napi-key: " + KEY + "', 200",
        "'Authorization: Bearer \r\napi-key: " + KEY + "', 200",
        "'Authorization: Basic eDp5\r\nX-API-Key: " + KEY + "', 200",
        "'Authorization: Bearer " + KEY + "\r\napi-key: other', 401",
        "'Authorization: Bearer " + KEY + "\r\nAuthorization: Bearer other', 401",
        "'X-API-Key: other\r\napi-key: " + KEY + "', 401",
        "Authorization: Bearer wrong, 401",
        "Authorization: Bearer " + KEY + "x, 401",
        "'Authorization: Bearer ', 401",
        "Authorization: Basic " + KEY + ", 401",
        "X-API-Key: 0000, 401",
        "X-Other: " + KEY + ", 401",
    })
    void asksForAKeyOnEveryPath(String header, int status) throws Exception {
        for (String path : new String[] {"/v1/models", "/v1/models/demo"}) {
            assertThat(server.http().exchange("GET", path, "", header).status()).isEqualTo(status);
        }
        RawHttp.Response answer =
                server.http().post("/v1/completions", "{\"model\":\"demo\",\"prompt\":\"x\"}", header);
        assertThat(answer.status()).isEqualTo(status);
        RawHttp.Response unknown = server.http().exchange("GET", "/v1/nothing", "", header);
        assertThat(unknown.status()).isEqualTo(status == 200 ? 404 : 401);
        if (status == 401) {
            assertThat(answer.header("www-authenticate")).isEqualTo("Bearer");
            assertThat(answer.body()).contains("\"code\":\"invalid_api_key\"").doesNotContain(KEY);
        } else {
            assertThat(server.dispatcher().next().submission.tenant()).isEqualTo("acme");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "urgent,   priority, 10,  priority",
        "urgent,   flex,     -10, flex",
        "urgent,   auto,     0,   default",
        "urgent,   '',       0,   ''",
        "flexible, priority, -10, flex",
        "flexible, default,  -10, flex",
        "flexible, '',       -10, ''",
        KEY + ",   priority, 0,   default",
        KEY + ",   flex,     -10, flex",
    })
    void theKeySaysHowHighATierMayBeAndTheAnswerWhichOneWasUsed(String key, String asked, int priority, String used)
            throws Exception {
        for (boolean stream : new boolean[] {false, true}) {
            String body = "{\"model\":\"demo\",\"prompt\":\"x\",\"stream\":" + stream
                    + (asked.isEmpty() ? "}" : ",\"service_tier\":\"" + asked + "\"}");
            RawHttp.Response answer = server.http().post("/v1/completions", body, "Authorization: Bearer " + key);
            assertThat(answer.status()).isEqualTo(200);
            assertThat(server.dispatcher().next().submission.priority()).isEqualTo(priority);
            if (used.isEmpty()) {
                assertThat(answer.body()).doesNotContain("service_tier");
            } else {
                assertThat(answer.body()).contains("\"service_tier\":\"" + used + "\"");
            }
        }
    }
}
