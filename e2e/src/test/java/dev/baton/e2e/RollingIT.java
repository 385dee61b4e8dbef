package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.cli.up.LocalStack;
import dev.baton.cli.up.RollingRestart;
import dev.baton.e2e.GatewayCalls.Answer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Every role is restarted while clients ask: what a worker decodes goes on elsewhere with its KV, and nobody notices. */
@Order(8)
class RollingIT {
    private static final int CLIENTS = 16;
    private static final int TOKENS = 160;
    private static final List<String> GATEWAYS = List.of("gateway", "gateway-1");
    private static final Duration LONG = Duration.ofSeconds(120);

    private LocalStack stack;
    private List<GatewayCalls> gateways = List.of();
    private final AtomicBoolean over = new AtomicBoolean();
    private final Queue<Answer> answers = new ConcurrentLinkedQueue<>();
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();

    @BeforeEach
    void start() {
        stack = RunningBaton.twoGateways("rolling", List.of("--baton.gateway.lame-duck=2s"));
        Thread.ofPlatform().daemon().name("watch").start(stack::watch);
        gateways = stack.urls().stream().map(GatewayCalls::new).toList();
    }

    @AfterEach
    void end() {
        gateways.forEach(GatewayCalls::close);
        stack.close();
    }

    @Test
    @Timeout(500)
    void noRequestFailsOrChangesWhileEveryRoleIsRestartedUnderLoad() throws InterruptedException {
        List<Answer> undisturbed = gateways.getFirst()
                .together(
                        GatewayCalls.CHAT,
                        IntStream.range(0, CLIENTS).mapToObj(RollingIT::story).toList());
        Map<String, Long> before = stack.pids();

        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            try {
                IntStream.range(0, CLIENTS)
                        .forEach(client -> clients.execute(() -> askOn(client, undisturbed.get(client))));
                await().atMost(LONG).until(() -> decodesAtBothWorkers());
                new RollingRestart(stack, LONG, line -> {}).all();
            } finally {
                over.set(true);
            }
        }

        assertThat(stack.pids().values())
                .as("fault not applied: a part was not restarted")
                .doesNotContainAnyElementsOf(before.values());
        assertThat(wrong).isEmpty();
        List<JsonNode> handedOver = handedOver();
        assertThat(handedOver)
                .as("fault not applied: no worker handed over what it decoded")
                .isNotEmpty();
        assertThat(handedOver)
                .as("KV is found where the worker that ends has left it")
                .anyMatch(recovery -> recovery.path("rung").asString("").equals("pool"));
        long known = handedOver.stream()
                .mapToLong(recovery -> recovery.path("tokens").asLong())
                .sum();
        long again = handedOver.stream()
                .mapToLong(recovery -> recovery.path("recomputed").asLong())
                .sum();
        assertThat(again)
                .as("tokens computed again, of %d: %s", known, handedOver)
                .isLessThan(known / 4);
    }

    private boolean decodesAtBothWorkers() {
        return List.of("decode-0", "decode-1").stream()
                .allMatch(worker -> stack.management()
                                .json(
                                        Objects.requireNonNull(
                                                stack.managementPorts().get(worker)),
                                        "pool")
                                .path("running")
                                .asInt()
                        > 0);
    }

    /** As behind a load balancer: each request goes to a gateway that is ready. */
    private void askOn(int client, Answer undisturbed) {
        for (int turn = client; !over.get(); turn++) {
            int first = turn % GATEWAYS.size();
            int ready = stack.ready(GATEWAYS.get(first)) ? first : 1 - first;
            try {
                Answer answer = gateways.get(ready).stream(GatewayCalls.CHAT, story(client));
                answers.add(answer);
                if (!answer.text().equals(undisturbed.text())) {
                    wrong.add("client %d has another text, after %s".formatted(client, answer.timing()));
                }
            } catch (RuntimeException | AssertionError e) {
                wrong.add("client %d at %s: %s".formatted(client, GATEWAYS.get(ready), e));
            }
        }
    }

    /** Recoveries of sequences that were being decoded. */
    private List<JsonNode> handedOver() {
        List<JsonNode> all = new ArrayList<>();
        for (Answer answer : answers) {
            for (JsonNode recovery : answer.timing().path("recoveries")) {
                if (recovery.path("phase").asString("").equals("decoding")) {
                    all.add(recovery);
                }
            }
        }
        return all;
    }

    /** Half of them greedy, half sampled. */
    private static ObjectNode story(int client) {
        ObjectNode chat = GatewayCalls.chat("Tell me story number " + client)
                .put("ignore_eos", true)
                .put("max_tokens", TOKENS);
        return client % 2 == 0 ? chat : chat.put("temperature", 0.9).put("seed", client);
    }
}
