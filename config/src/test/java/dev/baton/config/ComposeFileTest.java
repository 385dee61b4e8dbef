package dev.baton.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.yaml.snakeyaml.Yaml;

/**
 * What docker-compose.yml promises of every service, and, where compose is installed, that it takes the file. That the stack
 * runs is shown by tools/containers/rehearse.
 */
class ComposeFileTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern DIGEST = Pattern.compile("@sha256:[0-9a-f]{64}");

    private static String text = "";
    private static Map<String, Object> file = Map.of();

    @BeforeAll
    static void read() throws IOException {
        text = Files.readString(ROOT.resolve("docker-compose.yml"));
        file = new Yaml().load(text);
    }

    @Test
    void everyServiceIsBoundedReadOnlyAndWithoutPrivileges() {
        services().forEach((name, service) -> {
            assertThat(service)
                    .as(name)
                    .containsKeys("mem_limit", "cpus", "pids_limit", "networks", "healthcheck")
                    .containsEntry("read_only", true)
                    .containsEntry("cap_drop", List.of("ALL"))
                    .containsEntry("security_opt", List.of("no-new-privileges:true"));
        });
    }

    @Test
    void onlyWhatIsPublishedIsOnTheEdge() {
        services().forEach((name, service) -> {
            boolean edge = ((List<?>) Objects.requireNonNull(service.get("networks"))).contains("edge");
            assertThat(edge).as(name).isEqualTo(service.containsKey("ports"));
        });
        assertThat(map(map(file, "networks"), "inside")).containsEntry("internal", true);
    }

    @Test
    void imagesOfOthersArePinnedByDigest() throws IOException {
        services().values().stream()
                .filter(service -> !service.containsKey("build"))
                .forEach(service ->
                        assertThat(service.get("image")).asString().as("image").containsPattern(DIGEST));
        assertThat(Files.readString(ROOT.resolve("Dockerfile")).lines().filter(line -> line.startsWith("ARG J")))
                .hasSize(2)
                .allSatisfy(line -> assertThat(line).containsPattern(DIGEST));
    }

    /** Compose lets both begin, and the second container of a name is refused. */
    @Test
    void workersOfBothKindsCannotRunTogether() {
        assertThat(workers("gpu")).isNotEmpty().isSubsetOf(workers("cpu"));
    }

    @Test
    void holdsNoCredential() {
        assertThat(Pattern.compile("(?i)(password=|user_baton=|_password: |_secret: |auth: )\"?+(?!\\$)")
                        .matcher(text)
                        .results()
                        .map(found -> text.substring(found.start(), Math.min(text.length(), found.end() + 20))))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "cpu, decode-0 decode-1 gateway kafka prefill-0 redis",
        "gpu, decode-gpu-0 gateway kafka prefill-gpu-0 redis",
        "two-gateways, gateway gateway-1 kafka redis",
        "monitoring, gateway grafana kafka prometheus redis"
    })
    void composeTakesTheFile(String profile, String services) throws Exception {
        List<String> command = new ArrayList<>(compose());
        command.addAll(List.of("--profile", profile, "config", "--services"));
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(ROOT.toFile()).redirectErrorStream(true);
        for (String secret : List.of("BATON_CLUSTER_SECRET", "BATON_REDIS_PASSWORD", "BATON_KAFKA_PASSWORD")) {
            builder.environment().put(secret, "0".repeat(32));
        }
        String answer = run(builder);
        assertThat(new TreeSet<>(answer.lines().toList())).as(answer).containsExactlyInAnyOrder(services.split(" "));
    }

    /** Of version 2 or later; tests are skipped, and say so, where none is installed. */
    private static List<String> compose() throws Exception {
        for (List<String> command : List.of(List.of("docker", "compose"), List.of("docker-compose"))) {
            List<String> version = new ArrayList<>(command);
            version.addAll(List.of("version", "--short"));
            try {
                if (run(new ProcessBuilder(version).redirectErrorStream(true))
                        .matches("(?s)v?([2-9]|[1-9][0-9])\\..*")) {
                    return command;
                }
            } catch (IOException e) {
                // Not installed; the next one may be.
            }
        }
        return abort("skipped: compose of version 2 or later is not installed (Debian 13: docker-compose)");
    }

    private static String run(ProcessBuilder builder) throws IOException, InterruptedException {
        Process process = builder.start();
        String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        return answer;
    }

    private static List<@Nullable Object> workers(String profile) {
        return services().values().stream()
                .filter(service -> List.of(profile).equals(service.get("profiles")))
                .<@Nullable Object>map(service -> service.get("container_name"))
                .toList();
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Map<String, Object>> services() {
        return (Map<String, Map<String, Object>>) (Map<?, ?>) map(file, "services");
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Map<String, Object> of, String key) {
        return (Map<String, Object>) Objects.requireNonNull(of.get(key));
    }
}
