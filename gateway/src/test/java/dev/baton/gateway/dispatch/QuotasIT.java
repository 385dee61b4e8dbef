package dev.baton.gateway.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Tenants with limits at a whole gateway, with Redis and a scripted worker behind it. */
@WithStack
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
class QuotasIT {
    private static final Duration LONG = Duration.ofSeconds(20);

    private final String model = "model-" + UUID.randomUUID();
    private final String run = UUID.randomUUID().toString().substring(0, 8);
    private final HttpClient http = HttpClient.newHttpClient();
    private TestCluster cluster;
    private ScriptedWorker worker;

    @BeforeAll
    void start(TestStack stack, @TempDir Path folder) throws Exception {
        Path keys = folder.resolve("keys");
        Files.writeString(
                keys,
                "tenant requests-" + run + " requests-per-minute=3 tokens-per-minute=100000\n" + line("requests", "")
                        + line("tokens", "tokens-per-minute=2000") + line("places", "concurrent=1")
                        + line("left", "concurrent=1")
                        + line("changed", "") + line("free", "requests-per-minute=0"));
        cluster = TestCluster.serving(
                stack.kafka(),
                stack.redis(),
                0,
                "--baton.model.name=" + model,
                "--baton.http.api-keys=" + keys,
                "--baton.quotas.requests-per-minute=1000",
                "--baton.quotas.lease=1s");
        worker = cluster.decode("decode-" + run, model);
        await().atMost(LONG).until(() -> cluster.placement().maxContext(model) > 0);
    }

    private String line(String name, String options) throws Exception {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
        return name + "-" + run + ":" + HexFormat.of().formatHex(hash) + " id=of-" + name + " " + options + "\n";
    }

    @AfterAll
    void stop() {
        cluster.close();
        http.close();
    }

    @Test
    void answersAndRefusalsTellOfTheLimits() throws Exception {
        for (int i = 0; i < 3; i++) {
            assertThat(post("requests", "{\"model\":\"" + model + "\"}").statusCode())
                    .isEqualTo(400);
            HttpResponse<String> answer = complete("requests", 20, i == 1);
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(header(answer, "x-ratelimit-limit-requests")).isEqualTo("3");
            assertThat(header(answer, "x-ratelimit-remaining-requests")).isEqualTo(Integer.toString(2 - i));
            assertThat(header(answer, "x-ratelimit-reset-requests")).matches("\\d+(\\.\\d+)?m?s|1m0s");
            assertThat(header(answer, "x-ratelimit-limit-tokens")).isEqualTo("100000");
            assertThat(Long.parseLong(header(answer, "x-ratelimit-remaining-tokens")))
                    .isBetween(99_000L, 99_999L);
        }
        HttpResponse<String> refused = complete("requests", 20, false);
        assertThat(refused.statusCode()).isEqualTo(429);
        JsonNode error = JsonMapper.shared().readTree(refused.body()).path("error");
        assertThat(error.path("code").asString("")).isEqualTo("rate_limit_exceeded");
        assertThat(error.path("type").asString("")).isEqualTo("requests");
        assertThat(error.path("message").asString("")).contains("requests-" + run, "limit is 3");
        assertThat(Integer.parseInt(header(refused, "retry-after"))).isBetween(1, 20);
        assertThat(header(refused, "x-ratelimit-remaining-requests")).isEqualTo("0");
        assertThat(refused.headers().firstValue("x-should-retry")).isEmpty();
    }

    @Test
    void whatAnAnswerDidNotTakeComesBackWhenItEnds() throws Exception {
        for (int i = 0; i < 3; i++) {
            HttpResponse<String> answer = complete("tokens", 20, false);
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            await().atMost(LONG).until(() -> quota("tokens").path("runningNow").asInt() == 0);
        }
        JsonNode quota = quota("tokens").path("keys").get(0);
        assertThat(quota.path("key").asString("")).isEqualTo("of-tokens");
        assertThat(quota.path("tokensLeft").asLong()).isGreaterThan(1_800);

        // The worker would go on for long, but the place and most of the tokens are free once the client has left.
        worker.stopBefore(3);
        InputStream stream = open("tokens", 1_900);
        HttpResponse<String> refused = complete("tokens", 1_900, false);
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).contains("\"type\":\"tokens\"", "key of-tokens");
        stream.close();
        worker.stopBefore(Integer.MAX_VALUE);
        await().atMost(LONG)
                .until(() ->
                        quota("tokens").path("keys").get(0).path("tokensLeft").asLong() > 1_800);
    }

    @Test
    void aSecondRequestAtOnceIsRefusedWhereOneMayRun() throws Exception {
        worker.stopBefore(3);
        InputStream stream = open("places", 20);
        // Longer than a lease: what runs keeps its place.
        await().during(Duration.ofMillis(1_500))
                .atMost(LONG)
                .until(() -> complete("places", 20, false).statusCode() == 429);
        stream.close();
        worker.stopBefore(Integer.MAX_VALUE);
        await().atMost(LONG).until(() -> complete("places", 20, false).statusCode() == 200);
    }

    @Test
    void aResumableAnswerKeepsItsPlaceWhenItsClientLeaves() throws Exception {
        worker.stopBefore(3);
        HttpRequest resumable = HttpRequest.newBuilder(request("left", body(20, true)), (name, value) -> true)
                .header("X-Baton-Resumable", "true")
                .build();
        HttpResponse<InputStream> stream = http.send(resumable, HttpResponse.BodyHandlers.ofInputStream());
        assertThat(stream.statusCode()).isEqualTo(200);
        stream.body().close();
        await().during(Duration.ofSeconds(1))
                .atMost(LONG)
                .until(() -> complete("left", 20, false).statusCode() == 429);
        worker.stopBefore(Integer.MAX_VALUE);
        await().atMost(LONG).until(() -> quota("left").path("runningNow").asInt() == 0);
        assertThat(complete("left", 20, false).statusCode()).isEqualTo(200);
    }

    @Test
    void anOperatorChangesALimitForAWhileAndResetsIt() throws Exception {
        for (String wrong : new String[] {"{}", "{\"concurrent\":-1}", "{\"concurrent\":1,\"lasting\":\"0s\"}"}) {
            assertThat(manage("POST", "changed-" + run, wrong).statusCode()).isEqualTo(400);
        }
        assertThat(manage("POST", "nobody-" + run, "{\"concurrent\":1}").statusCode())
                .isEqualTo(404);
        assertThat(manage("DELETE", "nobody-" + run, "").statusCode()).isEqualTo(404);

        HttpResponse<String> changed =
                manage("POST", "changed-" + run, "{\"requestsPerMinute\":1,\"lasting\":\"10m\"}");
        assertThat(changed.statusCode()).as(changed.body()).isEqualTo(200);
        assertThat(complete("changed", 5, false).statusCode()).isEqualTo(200);
        assertThat(complete("changed", 5, false).statusCode()).isEqualTo(429);
        JsonNode quota = quota("changed");
        JsonNode all = JsonMapper.shared().readTree(manage("GET", "", "").body());
        assertThat(all.path("shared").asBoolean()).isTrue();
        assertThat(DocumentedExample.shape(all))
                .isEqualTo(DocumentedExample.shape(DocumentedExample.example("quotas", "json")));
        assertThat(quota.path("limits").path("requestsPerMinute").asInt()).isEqualTo(1);
        assertThat(quota.path("override").path("secondsLeft").asInt()).isBetween(500, 600);
        assertThat(quota.path("requestsLeft").asInt()).isZero();

        assertThat(manage("DELETE", "changed-" + run, "").statusCode()).isEqualTo(200);
        assertThat(quota("changed").path("override").isNull()).isTrue();
        assertThat(header(complete("changed", 5, false), "x-ratelimit-remaining-requests"))
                .isEqualTo("999");
    }

    @Test
    void theLedgerHasWhatATenantsKeyUsed() throws Exception {
        LocalDate before = LocalDate.now(ZoneOffset.UTC);
        for (int i = 0; i < 2; i++) {
            assertThat(complete("free", 7, i == 1).statusCode()).isEqualTo(200);
        }
        URI uri = URI.create("http://127.0.0.1:" + cluster.managementPort() + "/actuator/usage/csv?from=" + before
                + "&to=" + before.plusDays(1));
        String line = ",free-" + run + ",of-free,\"" + model + "\",2,";
        await().atMost(LONG).until(() -> get(uri).body().contains(line));
        HttpResponse<String> csv = get(uri);
        assertThat(csv.headers().firstValue("Content-Type").orElse("")).startsWith("text/csv");
        assertThat(csv.body())
                .startsWith("day,tenant,key,model,requests,prompt_tokens,cached_tokens,completion_tokens\n");
        assertThat(csv.body().lines().filter(each -> each.contains(line)))
                .singleElement()
                .asString()
                .matches(".*,2,[1-9]\\d*,\\d+,14");
        for (String wrong : new String[] {"?from=yesterday", "?from=2026-11-02&to=2026-11-01", "?from=2020-01-01"}) {
            assertThat(get(URI.create("http://127.0.0.1:" + cluster.managementPort() + "/actuator/usage/csv" + wrong))
                            .statusCode())
                    .isEqualTo(400);
        }
    }

    private HttpResponse<String> get(URI uri) throws Exception {
        return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> manage(String method, String tenant, String body) throws Exception {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + cluster.managementPort() + "/actuator/quotas"
                                + (tenant.isEmpty() ? "" : "/" + tenant)))
                        .header("Content-Type", "application/json")
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> complete(String key, int tokens, boolean stream) throws Exception {
        return post(key, body(tokens, stream));
    }

    private String body(int tokens, boolean stream) {
        return JsonMapper.shared()
                .writeValueAsString(
                        Map.of("model", model, "prompt", "Once upon", "max_tokens", tokens, "stream", stream));
    }

    private HttpResponse<String> post(String key, String body) throws Exception {
        return http.send(request(key, body), HttpResponse.BodyHandlers.ofString());
    }

    /** A stream that has begun. */
    private InputStream open(String key, int tokens) throws Exception {
        HttpResponse<InputStream> answer =
                http.send(request(key, body(tokens, true)), HttpResponse.BodyHandlers.ofInputStream());
        assertThat(answer.statusCode()).isEqualTo(200);
        return answer.body();
    }

    private HttpRequest request(String key, String body) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + cluster.port() + "/v1/completions"))
                .header("Content-Type", "application/json")
                .header("Authorization", "Bearer " + key)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private JsonNode quota(String name) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + cluster.managementPort() + "/actuator/quotas/" + name + "-" + run);
        HttpResponse<String> answer = get(uri);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return JsonMapper.shared().readTree(answer.body());
    }

    private static String header(HttpResponse<?> answer, String name) {
        return answer.headers().firstValue(name).orElse("");
    }
}
