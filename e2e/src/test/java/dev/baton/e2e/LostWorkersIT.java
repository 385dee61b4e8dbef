package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.e2e.GatewayCalls.Answer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Workers die by kill -9; clients do not notice. Each test leaves one worker fewer. */
@WithBaton
@Order(4)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LostWorkersIT {
    private static final String QUESTION = "Tell me a long story";
    private static final int COMPANIONS_AFTER = 20;
    /** Pieces of the story: when all lists have begun too, and the latest. */
    private static final int KILL_AFTER = 60;

    private static final int KILL_AT_LAST = 300;
    private static final int COMPANIONS = 4;
    /** Items of a list. */
    private static final int LIST = 24;

    private static final JsonMapper JSON = JsonMapper.shared();

    private static RunningBaton baton;

    @BeforeAll
    static void start(RunningBaton running) {
        baton = running;
    }

    /** A greedy story, and sampled ones and JSON that share its worker or do not: all read as if nothing had happened. */
    @Test
    @Order(1)
    void resumesAtTheNextTokenAfterTheDecodeWorkerDies() throws Exception {
        Answer undisturbed = baton.calls().stream(GatewayCalls.CHAT, GatewayCalls.chat(QUESTION));
        assertThat(undisturbed.text()).hasSizeGreaterThan(2_000);
        List<Answer> alone = IntStream.range(0, COMPANIONS)
                .mapToObj(LostWorkersIT::companion)
                .toList();
        List<Answer> listsAlone = baton.calls()
                .together(
                        GatewayCalls.CHAT,
                        IntStream.range(0, COMPANIONS)
                                .mapToObj(LostWorkersIT::list)
                                .toList());

        AtomicReference<String> victim = new AtomicReference<>("");
        AtomicBoolean killed = new AtomicBoolean();
        AtomicInteger sinceDeath = new AtomicInteger();
        AtomicReference<Double> lostBefore = new AtomicReference<>(0.0);
        List<Future<Answer>> companions = new ArrayList<>();
        List<Future<Answer>> lists = new ArrayList<>();
        AtomicIntegerArray listed = new AtomicIntegerArray(COMPANIONS);
        int[] listedBefore = new int[COMPANIONS];
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            Answer answer = baton.calls().stream(GatewayCalls.CHAT, GatewayCalls.chat(QUESTION), pieces -> {
                if (pieces == COMPANIONS_AFTER) {
                    assertThat(baton.decoding())
                            .as("it runs on one decode worker")
                            .hasSize(1);
                    victim.set(baton.decoding().getFirst());
                    IntStream.range(0, COMPANIONS)
                            .forEach(seed -> companions.add(clients.submit(() -> companion(seed))));
                    IntStream.range(0, COMPANIONS)
                            .forEach(seed -> lists.add(clients.submit(() -> baton.calls().stream(
                                    GatewayCalls.CHAT, list(seed), came -> listed.set(seed, came)))));
                } else if (!killed.get() && pieces >= KILL_AFTER && (begun(listed) || pieces >= KILL_AT_LAST)) {
                    killed.set(true);
                    lostBefore.set(lostAttempts());
                    Arrays.setAll(listedBefore, listed::get);
                    baton.kill(victim.get());
                } else if (killed.get()) {
                    sinceDeath.incrementAndGet();
                }
            });

            assertThat(baton.lives(victim.get()))
                    .as("fault not applied: %s lives", victim)
                    .isFalse();
            assertThat(sinceDeath)
                    .as("fault not applied: no token came after the death")
                    .hasPositiveValue();
            assertThat(lostAttempts())
                    .as("fault not applied: the death cost no attempt")
                    .isGreaterThan(lostBefore.get());
            assertThat(answer.attempts())
                    .as("fault not applied: one attempt was enough")
                    .isGreaterThan(1);
            assertRecoveredFromThePool(answer.timing().path("recoveries"));
            assertThat(survivors("baton_kv_recoveries_total", "rung=\"pool\""))
                    .as("a survivor goes on from the KV that the dead worker left")
                    .isPositive();
            assertThat(survivors("baton_kv_recomputed_tokens_total", "rung=\"pool\""))
                    .as("and computes little more than the steps that were lost")
                    .isLessThan(survivors("baton_kv_recovered_tokens_total", "rung=\"pool\""));
            assertThat(answer.text()).isEqualTo(undisturbed.text());
            assertThat(answer.finish()).isEqualTo(undisturbed.finish());
            for (int seed = 0; seed < COMPANIONS; seed++) {
                assertThat(companions.get(seed).get(30, TimeUnit.SECONDS).text())
                        .as("companion %d", seed)
                        .isEqualTo(alone.get(seed).text());
            }
            assertGoneOn(lists, listsAlone, listedBefore);
        }
    }

    /** Each has had a piece of text. */
    private static boolean begun(AtomicIntegerArray pieces) {
        return IntStream.range(0, pieces.length()).allMatch(each -> pieces.get(each) > 0);
    }

    /** JSON that was struck in its midst is what it would have been, and valid. */
    private static void assertGoneOn(List<Future<Answer>> lists, List<Answer> alone, int[] before) throws Exception {
        int struck = 0;
        for (int seed = 0; seed < lists.size(); seed++) {
            Answer list = lists.get(seed).get(30, TimeUnit.SECONDS);
            assertThat(list.text())
                    .as("list %d", seed)
                    .isEqualTo(alone.get(seed).text());
            assertThat(list.finish()).isEqualTo("stop");
            assertThat(JSON.readTree(list.text()).valueStream())
                    .hasSize(LIST)
                    .allSatisfy(item ->
                            assertThat(item.stringValue().codePoints().count()).isBetween(12L, 40L));
            struck += list.attempts() > 1 && before[seed] > 0 ? 1 : 0;
        }
        assertThat(struck)
                .as("fault not applied: no list was on the worker that died")
                .isPositive();
    }

    /** What the stream's own timing says of the death. */
    private static void assertRecoveredFromThePool(JsonNode recoveries) {
        // A busy machine adds one where the survivor is silent for a moment too.
        assertThat(recoveries.size()).as("recoveries %s", recoveries).isPositive();
        JsonNode recovery = recoveries.get(0);
        assertThat(recovery.path("rung").asString("")).as("%s", recovery).isEqualTo("pool");
        assertThat(recovery.path("recomputed").asInt(-1))
                .as("%s", recovery)
                .isBetween(0, recovery.path("tokens").asInt() / 2);
        assertThat(List.of(
                        recovery.path("detected_millis").asLong(-1),
                        recovery.path("claimed_millis").asLong(-1),
                        recovery.path("restored_millis").asLong(-1),
                        recovery.path("first_token_millis").asLong(-1)))
                .as("%s", recovery)
                .isSorted()
                .allMatch(millis -> millis >= 0);
    }

    /** Sum of a counter over the decode workers that live. */
    private static double survivors(String name, String label) {
        return baton.pools().stream()
                .map(RunningBaton.Pool::worker)
                .filter(worker -> worker.startsWith("decode"))
                .mapToDouble(worker -> baton.counter(worker, name, label))
                .sum();
    }

    private static double lostAttempts() {
        return baton.gatewayCounter("baton_dispatch_attempts_lost_total", "");
    }

    private static Answer companion(int seed) {
        ObjectNode request = GatewayCalls.chat("Tell me a story about a fox")
                .put("temperature", 0.9)
                .put("seed", seed)
                .put("ignore_eos", true)
                .put("max_tokens", 250);
        return baton.calls().stream(GatewayCalls.CHAT, request);
    }

    /** Asks for JSON of a schema. */
    private static ObjectNode list(int seed) {
        ObjectNode request = GatewayCalls.chat("Name things in a wood")
                .put("temperature", 0.9)
                .put("seed", seed);
        request.putObject("response_format")
                .put("type", "json_schema")
                .putObject("json_schema")
                .put("name", "list")
                .set("schema", JSON.readTree("""
                        {"type":"array","minItems":%1$d,"maxItems":%1$d,
                        "items":{"type":"string","minLength":12,"maxLength":40}}\
                        """.formatted(LIST)));
        return request;
    }

    @Test
    @Order(2)
    void goesOnServingAfterThePrefillWorkerHasDied() {
        baton.kill("prefill-0");
        assertThat(baton.lives("prefill-0"))
                .as("fault not applied: the prefill worker lives")
                .isFalse();
        for (Reference.Chat chat : Reference.chats().reversed().subList(0, 6)) {
            Answer answer = baton.calls().stream(GatewayCalls.CHAT, chat.request());
            assertThat(answer.text()).as(chat.name()).isEqualTo(chat.answer());
            assertThat(answer.timing().has("transfer"))
                    .as("%s was computed where it was decoded: %s", chat.name(), answer.timing())
                    .isFalse();
        }
    }
}
