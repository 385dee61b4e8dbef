package dev.baton.cluster.management;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.actuate.audit.AuditEvent;
import org.springframework.boot.actuate.audit.AuditEventRepository;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/** Real servers, with an endpoint that can be read and changed, and a path of the application beside it. */
class ManagementGuardTest {
    private static final String SEPARATE = "--management.server.port=0";
    private static final String SHARED = "--baton.test=shared";
    private static final String READER = "key-of-the-reader";
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String OPERATOR = "key-of-the-operator";

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {SEPARATE, SHARED})
    void healthIsOpenAndNothingElse(String port) throws Exception {
        try (Server server = start(port, keys())) {
            assertThat(server.get("/actuator/health", null).statusCode()).isEqualTo(200);
            for (String path : List.of("/actuator", "/actuator/level", "/actuator/nothing", "/%61ctuator/level")) {
                HttpResponse<String> refused = server.get(path, null);
                assertThat(refused.statusCode()).as(path).isIn(400, 401);
                assertThat(refused.body()).doesNotContain("levels");
            }
            HttpResponse<String> refused = server.get("/actuator/level", "a key of nobody");
            assertThat(refused.statusCode()).isEqualTo(401);
            assertThat(refused.headers().firstValue("Content-Type")).hasValue("application/problem+json");
            assertThat(refused.headers().firstValue("WWW-Authenticate").orElse(""))
                    .startsWith("Bearer");
            assertThat(refused.body()).contains("\"status\":401", "Authorization: Bearer KEY", "/actuator/level");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SEPARATE, SHARED})
    void aReaderLooksAndAnOperatorChanges(String port) throws Exception {
        try (Server server = start(port, keys())) {
            assertThat(server.get("/actuator/level", READER).body()).contains("levels");
            assertThat(server.get("/actuator/level", OPERATOR).body()).contains("levels");

            HttpResponse<String> refused = server.post("/actuator/level", READER, "{\"level\":\"high\"}");
            assertThat(refused.statusCode()).isEqualTo(403);
            assertThat(refused.headers().firstValue("Content-Type")).hasValue("application/problem+json");
            assertThat(refused.body()).contains("\"status\":403", "role operate");
            assertThat(server.level()).isEqualTo("low");

            assertThat(server.post("/actuator/level", OPERATOR, "{\"level\":\"high\"}")
                            .statusCode())
                    .isEqualTo(204);
            assertThat(server.level()).isEqualTo("high");
        }
    }

    @Test
    void everyChangeIsAnAuditEvent() throws Exception {
        try (Server server = start(SEPARATE, keys())) {
            server.get("/actuator/level", OPERATOR);
            server.post("/actuator/level", READER, "{\"level\":\"high\"}");
            server.post("/actuator/level", OPERATOR, "{\"level\":\"high\"}");

            List<AuditEvent> events = server.audits();
            assertThat(events)
                    .extracting(AuditEvent::getPrincipal, AuditEvent::getType)
                    .containsExactly(tuple("ada", ChangeAudit.REFUSED), tuple("grace", ChangeAudit.CHANGE));
            assertThat(events.getLast().getData())
                    .contains(Map.entry("path", "/actuator/level"), Map.entry("status", 204));
            assertThat(server.get("/actuator/auditevents", READER).body()).contains("grace");
        }
    }

    @Test
    void errorsOfEndpointsAreProblems() throws Exception {
        try (Server server = start(SEPARATE, keys())) {
            HttpResponse<String> missing = server.post("/actuator/level", OPERATOR, "{}");
            assertThat(missing.statusCode()).isEqualTo(400);
            assertThat(missing.headers().firstValue("Content-Type")).hasValue("application/problem+json");
            assertThat(missing.body()).contains("level");
            assertThat(server.audits().getLast().getData()).containsEntry("status", 400);
            HttpResponse<String> absent = server.get("/actuator/nothing", OPERATOR);
            assertThat(absent.statusCode()).isEqualTo(404);
            assertThat(absent.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        }
    }

    @Test
    void withoutAKeyFileNobodyIsLetInAndTheAnswerSaysWhy() throws Exception {
        try (Server server = start(SEPARATE, "--baton.test=none")) {
            assertThat(server.get("/actuator/health", null).statusCode()).isEqualTo(200);
            assertThat(server.get("/actuator/level", OPERATOR).body()).contains("baton.management.keys");
        }
    }

    @Test
    void switchedOffEverybodyIsLetInAndChangesAreRecordedStill() throws Exception {
        try (Server server = start(SEPARATE, "--baton.management.secured=false")) {
            assertThat(server.get("/actuator/level", null).statusCode()).isEqualTo(200);
            assertThat(server.post("/actuator/level", null, "{\"level\":\"high\"}")
                            .statusCode())
                    .isEqualTo(204);
            assertThat(server.audits()).extracting(AuditEvent::getPrincipal).containsExactly("anonymous");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SEPARATE, SHARED})
    void theApplicationsOwnPathsPassUntouched(String port) throws Exception {
        try (Server server = start(port, keys())) {
            HttpResponse<String> answer = server.send(server.application("/v1//odd;path"), null, null);
            assertThat(answer.body()).isEqualTo("of the application");
            assertThat(answer.headers().map()).doesNotContainKey("x-frame-options");
        }
    }

    /** A second request that comes before the first is answered waits, and the connection is read again after both. */
    @ParameterizedTest
    @ValueSource(strings = {SEPARATE, SHARED})
    void aConnectionIsReadOnAfterRequestsThatCameTogether(String port) throws Exception {
        try (Server server = start(port, keys());
                Socket socket = new Socket("127.0.0.1", server.application("/").getPort())) {
            socket.setSoTimeout((int) LIMIT.toMillis());
            String slow = "GET /v1/slow HTTP/1.1\r\nHost: localhost\r\n\r\n";
            String fast = "GET /v1/fast HTTP/1.1\r\nHost: localhost\r\n\r\n";
            write(socket, slow + fast);
            readAnswers(socket, 2);
            write(socket, fast);
            readAnswers(socket, 1);
        }
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
    }

    private static void readAnswers(Socket socket, int count) throws IOException {
        for (int answer = 0; answer < count; answer++) {
            StringBuilder read = new StringBuilder();
            while (read.indexOf("of the application") < 0) {
                int next = socket.getInputStream().read();
                assertThat(next).as("the connection ended after: %s", read).isNotNegative();
                read.append((char) next);
            }
        }
    }

    @Test
    void aLineThatIsNoKeyIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("bad"), "# operators\nada:admin:00\n");
        assertThatThrownBy(() -> OperatorKeys.read(file))
                .hasMessageContaining("Line 2")
                .hasMessageContaining("baton.management.keys");
        Path empty = Files.writeString(folder.resolve("empty"), "# nobody\n");
        assertThatThrownBy(() -> OperatorKeys.read(empty)).hasMessageContaining("holds no key");
        assertThatThrownBy(() -> OperatorKeys.read(folder.resolve("absent"))).hasMessageContaining("cannot be read");
    }

    private String keys() throws Exception {
        Path file = folder.resolve("management-keys");
        Files.writeString(
                file, "# who may what\nada:read:" + hash(READER) + "\ngrace:operate:" + hash(OPERATOR) + "\n");
        return "--baton.management.keys=" + file;
    }

    private static String hash(String key) throws Exception {
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
    }

    private static Server start(String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--management.endpoints.web.exposure.include=*",
                "--logging.level.root=warn",
                "--spring.main.banner-mode=off",
                "--baton.model.folder=none",
                "--spring.autoconfigure.exclude=dev.baton.cluster.ClusterAutoConfiguration,"
                        + "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration,"
                        + "org.springframework.boot.data.redis.autoconfigure.DataRedisReactiveAutoConfiguration,"
                        + "org.springframework.boot.kafka.autoconfigure.KafkaAutoConfiguration"));
        for (String setting : settings) {
            // A name that is not ours says only which case this is.
            if (!setting.startsWith("--baton.test")) {
                all.add(setting);
            }
            if (setting.equals(SEPARATE)) {
                all.add("--management.server.address=127.0.0.1");
            }
        }
        return new Server(new SpringApplicationBuilder(Application.class).run(all.toArray(String[]::new)));
    }

    private record Server(ConfigurableApplicationContext context) implements AutoCloseable {
        private static final HttpClient CLIENT = HttpClient.newHttpClient();

        URI management(String path) {
            String port = context.getEnvironment()
                    .getProperty(
                            "local.management.port", context.getEnvironment().getRequiredProperty("local.server.port"));
            return URI.create("http://127.0.0.1:" + port + path);
        }

        URI application(String path) {
            return URI.create(
                    "http://127.0.0.1:" + context.getEnvironment().getRequiredProperty("local.server.port") + path);
        }

        HttpResponse<String> get(String path, @Nullable String key) throws Exception {
            return send(management(path), key, null);
        }

        HttpResponse<String> post(String path, @Nullable String key, String body) throws Exception {
            return send(management(path), key, body);
        }

        HttpResponse<String> send(URI uri, @Nullable String key, @Nullable String body) throws Exception {
            HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(LIMIT);
            if (key != null) {
                request.header("Authorization", "Bearer " + key);
            }
            if (body != null) {
                request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body));
            }
            return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        }

        String level() {
            return context.getBean(Level.class).level;
        }

        List<AuditEvent> audits() {
            return context.getBean(AuditEventRepository.class).find(null, null, null);
        }

        @Override
        public void close() {
            context.close();
        }
    }

    @Endpoint(id = "level")
    static class Level {
        private volatile String level = "low";

        @ReadOperation
        public Map<String, String> levels() {
            return Map.of("levels", level);
        }

        @WriteOperation
        public void set(String level) {
            this.level = level;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {
        @Bean
        Level level() {
            return new Level();
        }

        @Bean
        RouterFunction<ServerResponse> application() {
            return RouterFunctions.route()
                    .GET(
                            "/v1/slow",
                            request -> Mono.delay(Duration.ofMillis(50))
                                    .then(ServerResponse.ok().bodyValue("of the application")))
                    .GET(
                            "/v1/**",
                            request -> ServerResponse.status(HttpStatus.OK).bodyValue("of the application"))
                    .build();
        }
    }
}
