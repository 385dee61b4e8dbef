package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The next turn of a conversation finds the KV of the one before, its answer included. */
@WithBaton(Setup.DEFAULTS)
@Order(6)
class SecondTurnIT {
    private static final int CHATS = 5;
    private static final int CHOICES = 4;
    /** Some full blocks. */
    private static final int ANSWER_TOKENS = 200;

    private static final String BLOCKS = "*kv:{*";
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private static RunningBaton baton;

    @BeforeAll
    static void start(RunningBaton running) {
        baton = running;
    }

    /** A short first question is computed where it is decoded, a long one by a prefill worker. */
    @ParameterizedTest
    @ValueSource(ints = {1, 60})
    void findsEveryFullBlockOfTheFirstTurn(int sentences) throws IOException {
        for (int chat = 1; chat <= CHATS; chat++) {
            List<Double> before = decoded();
            Conversation.FirstTurn first = Conversation.begin(
                    baton,
                    "Tell me of turn %d of chat %d. ".formatted(sentences, chat)
                            + "The fox went to the river. ".repeat(sentences));
            List<Double> after = decoded();
            Conversation.SecondTurn second = first.goOn();
            if (raised(before, after).equals(raised(after, decoded()))) {
                assertThat(second.cached())
                        .as("cached, of %d tokens in common", second.common())
                        .isEqualTo(second.commonBlocks() * Conversation.BLOCK);
                return;
            }
            // A worker that was silent for a moment, as on a busy machine, gets no new turn.
        }
        fail("%d chats, and the second turn of each left the worker that held the first".formatted(CHATS));
    }

    /** Each of several answers computes what no full block holds, and one of them the rest, wherever that is. */
    @Test
    void severalAnswersComputeTheirPromptOnce() {
        List<String> computed = new ArrayList<>();
        for (int chat = 1; chat <= CHATS; chat++) {
            baton.awaitIdle(LIMIT);
            double before = prefilled();
            JsonNode usage = JsonMapper.shared()
                    .readTree(baton.calls()
                            .post(
                                    GatewayCalls.CHAT,
                                    GatewayCalls.chat("Tell me of choice %d. ".formatted(chat)
                                                    + "The fox went to the river. ".repeat(150))
                                            .put("n", CHOICES)
                                            .put("max_tokens", 8)
                                            .toString())
                            .body())
                    .path("usage");
            baton.awaitIdle(LIMIT);
            int prompt = usage.path("prompt_tokens").asInt();
            double rows = prefilled() - before;
            computed.add("%.0f rows for a prompt of %d tokens".formatted(rows, prompt));
            assertThat(prompt).isGreaterThan(10 * Conversation.BLOCK);
            if (rows <= prompt + (CHOICES - 1) * Conversation.BLOCK) {
                return;
            }
            // On a busy machine the others do not wait for the first for ever.
        }
        fail("all computed more than once: " + computed);
    }

    private static double prefilled() {
        return baton.pools().stream()
                .mapToDouble(pool -> baton.counter(pool.worker(), "baton_engine_tokens_total", "kind=\"prefill\""))
                .sum();
    }

    /** A short prompt is computed where it is decoded: one worker holds what it leaves, and Redis names it for each block. */
    @Test
    void redisNamesTheHolderOfEachBlockThatATurnLeaves() {
        baton.awaitIdle(LIMIT);
        Map<String, Integer> cachedBefore = cached();
        Set<String> listedBefore = RedisValues.of(BLOCKS).keySet();

        baton.calls().stream(
                GatewayCalls.CHAT,
                GatewayCalls.chat("Tell me of names.").put("ignore_eos", true).put("max_tokens", ANSWER_TOKENS));

        baton.awaitIdle(LIMIT);
        await().atMost(LIMIT).untilAsserted(() -> {
            Map<String, String> listed = RedisValues.of(BLOCKS);
            listed.keySet().removeAll(listedBefore);
            Map<String, Integer> fresh = new TreeMap<>();
            cached().forEach((worker, blocks) -> {
                int before = cachedBefore.getOrDefault(worker, 0);
                if (blocks > before) {
                    fresh.put(worker, blocks - before);
                }
            });
            assertThat(fresh).hasSize(1);
            assertThat(listed).hasSize(fresh.values().iterator().next());
            assertThat(Set.copyOf(listed.values()))
                    .as("one holder in one life")
                    .singleElement()
                    .asString()
                    .startsWith(fresh.keySet().iterator().next() + "|");
        });
    }

    /** Named blocks of each worker. */
    private static Map<String, Integer> cached() {
        return baton.pools().stream().collect(Collectors.toMap(RunningBaton.Pool::worker, RunningBaton.Pool::cached));
    }

    private static List<Double> decoded() {
        return baton.pools().stream()
                .map(RunningBaton.Pool::worker)
                .filter(worker -> worker.startsWith("decode"))
                .map(worker -> baton.counter(worker, "baton_engine_tokens_total", "kind=\"decode\""))
                .toList();
    }

    /** Which of the numbers have grown. */
    private static List<Boolean> raised(List<Double> before, List<Double> after) {
        return IntStream.range(0, before.size())
                .mapToObj(worker -> after.get(worker) > before.get(worker))
                .toList();
    }
}
