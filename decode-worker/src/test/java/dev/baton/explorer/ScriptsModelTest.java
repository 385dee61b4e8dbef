package dev.baton.explorer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.cluster.leases.LaneLeases;
import dev.baton.cluster.redis.RedisScripts;
import dev.baton.cluster.redis.RedisScripts.Script;
import dev.baton.cluster.registry.WorkerStates;
import dev.baton.cluster.requests.RequestStates;
import dev.baton.stack.testing.TestStack;
import dev.baton.stack.testing.WithStack;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

/** The same random calls to Redis and to the model of its scripts: each has the same answer, and leaves the same there. */
@WithStack
@Timeout(120)
class ScriptsModelTest {
    private static final int CALLS = 4_000;
    private static final Duration LIMIT = Duration.ofSeconds(30);
    /** Longer than the test. */
    private static final String TTL = "600000";

    private static final List<String> PHASES = List.of("PREFILLING", "HANDED_OFF", "DECODING");
    private static final List<String> FROM = List.of(",QUEUED,", ",PREFILLING,", ",QUEUED,PREFILLING,HANDED_OFF,");

    private final Random random = new Random(20_261_130);
    private final String prefix = "model-" + UUID.randomUUID() + ":";
    private final ScriptsModel model = new ScriptsModel();

    /** One call. */
    private record Call(Script script, List<String> keys, String... given) {
        @Override
        public String toString() {
            return new String(script.text(), StandardCharsets.UTF_8)
                            .lines()
                            .findFirst()
                            .orElse("")
                    + keys
                    + Arrays.toString(given);
        }
    }

    @Test
    void theModelDoesWhatRedisDoes(TestStack stack) throws Exception {
        LettuceConnectionFactory connections = new LettuceConnectionFactory(new RedisStandaloneConfiguration(
                stack.redis().getHost(), stack.redis().getPort()));
        connections.afterPropertiesSet();
        connections.start();
        try {
            ReactiveStringRedisTemplate redis = new ReactiveStringRedisTemplate(connections);
            RedisScripts scripts = new RedisScripts(redis, LIMIT);
            Map<String, Integer> answers = new TreeMap<>();
            for (int i = 0; i < CALLS; i++) {
                Call call = any();
                String real = scripts.run(call.script, call.keys, call.given)
                        .toCompletableFuture()
                        .get();
                assertThat(model.run(call.script, call.keys, call.given, 1))
                        .as("call %d: %s", i, call)
                        .isEqualTo(real);
                answers.merge(real, 1, Integer::sum);
                for (String key : call.keys) {
                    assertThat(model.value(key, 1))
                            .as("after call %d: %s", i, call)
                            .isEqualTo(value(redis, key));
                }
            }
            assertThat(answers)
                    .as("answers that came")
                    .containsKeys("APPLIED", "ALREADY", "ABSENT", "SUPERSEDED", "NOT_OWNER", "REFUSED", "0", "1", "2");
        } finally {
            connections.destroy();
        }
    }

    @Nullable
    private static Object value(ReactiveStringRedisTemplate redis, String key) {
        String type = String.valueOf(redis.type(key).block(LIMIT)).toLowerCase(Locale.ROOT);
        return switch (type) {
            case "hash" ->
                new TreeMap<>(redis.<String, String>opsForHash()
                        .entries(key)
                        .collectMap(Map.Entry::getKey, Map.Entry::getValue)
                        .blockOptional(LIMIT)
                        .orElse(Map.of()));
            case "string" -> redis.opsForValue().get(key).block(LIMIT);
            default -> null;
        };
    }

    private String pick(String... of) {
        return of[random.nextInt(of.length)];
    }

    private String pick(List<String> of) {
        return of.get(random.nextInt(of.size()));
    }

    /** Small worlds, which meet often; each lives for a while, and then the next begins. */
    private Call any() {
        String request = prefix + "req:" + random.nextInt(3) + ":" + worlds();
        String lane = prefix + "lane:" + random.nextInt(2);
        String worker = prefix + "worker:" + random.nextInt(2);
        return switch (random.nextInt(12)) {
            case 0 -> of(RequestStates.class, "create", List.of(request), attempt(owner(), TTL));
            case 1 -> of(RequestStates.class, "raise", List.of(request), attempt(owner(), TTL));
            case 2 -> of(RequestStates.class, "hedge", List.of(request), attempt(owner(), number(), nonce()));
            case 3 -> of(RequestStates.class, "settle", List.of(request), attempt(owner()));
            case 4 -> of(RequestStates.class, "claim", List.of(request), attempt(pick(PHASES), pick(FROM), holder()));
            case 5 ->
                random.nextInt(4) == 0
                        ? of(
                                RequestStates.class,
                                "end",
                                List.of(request),
                                attempt(pick("DONE", "FAILED", "CANCELLED"), owner()))
                        : of(
                                RequestStates.class,
                                "claim",
                                List.of(request),
                                attempt(pick(PHASES), pick(FROM), holder()));
            case 6 -> of(RequestStates.class, "adopt", List.of(request), owner());
            case 7 ->
                of(LaneLeases.class, "take", List.of(lane, lane + ":last"), holder(), "w", TTL, pick("", "unused"));
            case 8 -> of(LaneLeases.class, "renew", List.of(lane), holder(), TTL);
            case 9 -> of(LaneLeases.class, "release", List.of(lane), holder());
            case 10 -> of(WorkerStates.class, "put", List.of(worker), epoch(), "entry" + random.nextInt(3), TTL);
            default -> of(WorkerStates.class, "remove", List.of(worker), epoch());
        };
    }

    private int worlds() {
        return random.nextInt(40);
    }

    private static Call of(Class<?> owner, String name, List<String> keys, String... given) {
        return new Call(Script.read(owner, name + ".lua"), keys, given);
    }

    private String[] attempt(String... rest) {
        List<String> all = new ArrayList<>(List.of(number(), nonce()));
        all.addAll(List.of(rest));
        return all.toArray(String[]::new);
    }

    private String number() {
        return Integer.toString(1 + random.nextInt(3));
    }

    private String nonce() {
        return random.nextInt(6) == 0 ? "b" : "a";
    }

    private String owner() {
        return pick("g|1", "g|1", "g|1", "g|2");
    }

    private String holder() {
        return pick("w|1", "w|1", "w|2");
    }

    private String epoch() {
        return pick("0000000000000001", "0000000000000002");
    }
}
