package dev.baton.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The document, the server and the documentation speak of the same calls. */
class OpenApiTest {
    private static EdgeServer server;
    private static JsonNode document;

    @BeforeAll
    static void start() throws IOException {
        server = EdgeServer.start();
        document = JsonMapper.shared()
                .readTree(server.http().exchange("GET", "/openapi.json", "").body());
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private interface Call {
        void of(String method, String path, JsonNode operation) throws IOException;
    }

    private static void each(Call call) throws IOException {
        for (var path : document.get("paths").properties()) {
            for (var operation : path.getValue().properties()) {
                call.of(operation.getKey().toUpperCase(Locale.ROOT), path.getKey(), operation.getValue());
            }
        }
    }

    @Test
    void everyCallIsServedByItsMethodAndNoOther() throws IOException {
        each((method, path, operation) -> {
            String real = path.replaceAll("\\{.*}", "demo");
            RawHttp.Response served = server.http().exchange(method, real, method.equals("GET") ? "" : "{}");
            assertThat(served.body()).as("%s %s", method, path).doesNotContain("unknown_url", "method_not_allowed");
            RawHttp.Response other = server.http().exchange("DELETE", real, "");
            assertThat(other.status()).as(path).isEqualTo(405);
            assertThat(other.header("allow")).contains(method);
        });
    }

    @Test
    void everySchemaIsThere() throws IOException {
        JsonNode schemas = document.at("/components/schemas");
        each((method, path, operation) -> {
            assertThat(operation.get("summary").stringValue()).isNotBlank();
            assertThat(operation.has("requestBody")).isEqualTo(method.equals("POST"));
        });
        assertThat(document.findValuesAsString("$ref"))
                .isNotEmpty()
                .allSatisfy(name -> assertThat(schemas.has(name.replace("#/components/schemas/", "")))
                        .as(name)
                        .isTrue());
    }

    @Test
    void everyCallIsDocumented() throws IOException {
        String documentation = Files.readString(Path.of("..", "docs", "api.md"));
        each((method, path, operation) -> assertThat(documentation).contains("`" + method + " " + path + "`"));
    }
}
