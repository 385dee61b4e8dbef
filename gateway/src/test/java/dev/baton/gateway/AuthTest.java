package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.protocol.v1.Finish;
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
        byte[] hash =
                MessageDigest.getInstance("SHA-256").digest(KEY.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        Path file = folder.resolve("keys");
        Files.writeString(
                file,
                "# keys of the test\n\nother:" + "0".repeat(64) + "\nacme:"
                        + HexFormat.of().formatHex(hash) + "\n");
        server = EdgeServer.start("--baton.http.api-keys=" + file, "--server.address=0.0.0.0");
        server.dispatcher().plays(call -> call.finishes(Finish.Reason.LENGTH));
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
}
