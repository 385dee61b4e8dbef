package dev.baton.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.awaitility.Awaitility.await;

import dev.baton.e2e.GatewayCalls.Answer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Workers that cannot read each other's pools, as on hosts of their own: KV comes by name, over TCP, or not at all. */
@WithBaton(Setup.OTHER_HOSTS)
@Order(8)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OtherHostsIT {
    private static final List<String> DECODE = List.of("decode-0", "decode-1");
    private static final int KILL_AFTER = 40;
    /** By then the answer has full blocks of its own. */
    private static final int DRAIN_AFTER = 150;

    private static final int CHATS = 5;

    private static RunningBaton baton;

    @BeforeAll
    static void start(RunningBaton running) {
        baton = running;
        // Until the gateway knows the prefill worker, prompts are computed where they are decoded.
        await().atMost(Duration.ofSeconds(30))
                .until(() -> baton.calls().stream(
                                GatewayCalls.CHAT, GatewayCalls.chat("Hello").put("max_tokens", 4))
                        .timing()
                        .has("transfer"));
    }

    /**
     * Every prompt is split. Of the second one the prefill worker holds the first prompt, the decode worker also the first
     * answer: the one fetches the answer and computes the rest, the other takes the rest.
     */
    @Test
    @Order(1)
    void theNextTurnMovesNothingTwice() throws IOException {
        for (int chat = 1; chat <= CHATS; chat++) {
            if (bothTurnsAtOneWorker(
                    "Tell me of hosts, part " + chat + ". " + "The fox went to the river. ".repeat(60))) {
                return;
            }
        }
        fail("%d chats, and the second turn of each left the worker that held the first".formatted(CHATS));
    }

    /** A worker that was silent for a moment, as on a busy machine, gets no new turn: the other one then takes all of it. */
    private static boolean bothTurnsAtOneWorker(String question) throws IOException {
        List<Double> before = receivedByDecode();
        double fetchedBefore = received("prefill-0");
        double fetchedTokensBefore = fetchedTokens();
        Conversation.FirstTurn first = Conversation.begin(baton, question);
        List<Double> after = receivedByDecode();
        int holder = after.get(0) > before.get(0) ? 0 : 1;
        double firstBytes = after.get(holder) - before.get(holder);
        assertThat(firstBytes)
                .as("fault not applied: the first prompt was not split")
                .isPositive();
        assertThat(after.get(1 - holder)).isEqualTo(before.get(1 - holder));
        int firstBlocks = Math.ceilDiv(first.promptTokens(), Conversation.BLOCK);
        double blockBytes = firstBytes / firstBlocks;

        Conversation.SecondTurn second = first.goOn();

        int secondBlocks = Math.ceilDiv(second.tokens(), Conversation.BLOCK);
        List<Double> atLast = receivedByDecode();
        if (atLast.get(1 - holder) > after.get(1 - holder)) {
            assertThat((atLast.get(1 - holder) - after.get(1 - holder)) / blockBytes)
                    .as("blocks of a prompt that another decode worker took")
                    .isEqualTo(secondBlocks);
            return false;
        }
        assertThat(second.cached())
                .as("cached, of %d tokens in common", second.common())
                .isEqualTo(second.commonBlocks() * Conversation.BLOCK);
        int answerBlocks = second.commonBlocks() - first.promptTokens() / Conversation.BLOCK;
        assertThat((received("prefill-0") - fetchedBefore) / blockBytes)
                .as(
                        "blocks that the prefill worker fetched of an answer of %d tokens",
                        first.held().size())
                .isEqualTo(answerBlocks);
        assertThat(fetchedTokens() - fetchedTokensBefore).isEqualTo(answerBlocks * Conversation.BLOCK);
        assertThat((atLast.get(holder) - after.get(holder)) / blockBytes)
                .as("blocks that the decode worker took of a prompt of %d tokens", second.tokens())
                .isEqualTo(secondBlocks - second.commonBlocks());
        return true;
    }

    private static double fetchedTokens() {
        return baton.counter("prefill-0", "baton_kv_fetched_tokens_total", "rung=\"peer\"");
    }

    /** The worker that is drained still lives: others ask it for its blocks by name, those of the answer too. */
    @Test
    @Order(2)
    void aDrainedWorkerHandsOverPromptAndAnswer() {
        for (int part = 1; part <= CHATS; part++) {
            if (isHandedOver(part)) {
                return;
            }
        }
        fail("%d stories, and each one ended before its worker was drained".formatted(CHATS));
    }

    /** An answer that is whole before anybody hears of the drain, as on a fast machine, is no case. */
    private static boolean isHandedOver(int part) {
        Answer undisturbed = drainedStory(part, pieces -> {});
        AtomicReference<String> drained = new AtomicReference<>("");
        Answer answer = drainedStory(part, pieces -> {
            if (pieces == DRAIN_AFTER) {
                drained.set(baton.decoding().stream().findFirst().orElse(""));
                if (!drained.get().isEmpty()) {
                    baton.drain(drained.get(), true);
                }
            }
        });
        if (!drained.get().isEmpty()) {
            baton.drain(drained.get(), false);
        }
        assertThat(answer.text()).isEqualTo(undisturbed.text());
        JsonNode recovery = answer.timing().path("recoveries").path(0);
        if (recovery.isMissingNode()) {
            return false;
        }
        assertThat(recovery.path("rung").asString(""))
                .as("nothing was fetched: %s", answer.timing())
                .isEqualTo("peer");
        assertThat(recovery.path("recomputed").asInt(-1))
                .as("no more than the last block, which is not full: %s", recovery)
                .isBetween(1, Conversation.BLOCK);
        await().atMost(Duration.ofSeconds(30)).until(() -> DECODE.stream().allMatch(worker -> baton.sendsTo(worker)));
        return true;
    }

    private static Answer drainedStory(int part, IntConsumer onText) {
        ObjectNode request = GatewayCalls.chat(
                        "Tell me of a drained lake, part " + part + ". " + "The fox went to the river. ".repeat(60))
                .put("ignore_eos", true)
                .put("max_tokens", 1_200);
        return baton.calls().stream(GatewayCalls.CHAT, request, onText);
    }

    /** Nobody can read the pool that the dead worker left: the prompt comes from the worker that computed it. */
    @Test
    @Order(3)
    void aSurvivorFetchesThePromptFromTheWorkerThatComputedIt() {
        for (int part = 1; part <= CHATS; part++) {
            if (survivesTheDeathOfTheHolder(part)) {
                return;
            }
        }
        fail("%d stories, and each one told again left the worker that held it".formatted(CHATS));
    }

    /** Only where the survivor holds nothing of it: a story told again at the other worker, as on a busy machine, is no case. */
    private static boolean survivesTheDeathOfTheHolder(int part) {
        List<Double> before = receivedByDecode();
        Answer undisturbed = story(part, pieces -> {});
        // The next one goes where the KV of this one is.
        String victim = DECODE.stream()
                .filter(worker -> received(worker) > before.get(DECODE.indexOf(worker)))
                .findFirst()
                .orElseThrow();
        AtomicInteger sinceDeath = new AtomicInteger();
        AtomicBoolean elsewhere = new AtomicBoolean();
        Answer answer = story(part, pieces -> {
            if (pieces == KILL_AFTER) {
                elsewhere.set(!baton.decoding().equals(List.of(victim)));
                if (!elsewhere.get()) {
                    baton.kill(victim);
                }
            } else if (pieces > KILL_AFTER) {
                sinceDeath.incrementAndGet();
            }
        });
        if (elsewhere.get()) {
            assertThat(answer.text()).isEqualTo(undisturbed.text());
            return false;
        }
        assertThat(baton.lives(victim))
                .as("fault not applied: %s lives", victim)
                .isFalse();
        assertThat(sinceDeath)
                .as("fault not applied: no token came after the death")
                .hasPositiveValue();
        assertThat(answer.attempts())
                .as("fault not applied: one attempt was enough")
                .isGreaterThan(1);
        String survivor = DECODE.stream().filter(baton::lives).findFirst().orElseThrow();
        // One more on a busy machine, where the survivor is silent for a moment too.
        assertThat(baton.counter(survivor, "baton_kv_recoveries_total", "rung=\"peer\""))
                .isPositive();
        assertThat(baton.counter(survivor, "baton_kv_recoveries_total", "rung=\"pool\""))
                .as("the dead worker's pool cannot be read")
                .isZero();
        assertThat(baton.counter(survivor, "baton_kv_recovered_tokens_total", "rung=\"peer\""))
                .as("the prompt's full blocks")
                .isGreaterThan(5 * Conversation.BLOCK);
        assertThat(answer.text()).isEqualTo(undisturbed.text());
        assertThat(answer.finish()).isEqualTo(undisturbed.finish());
        return true;
    }

    private static Answer story(int part, IntConsumer onText) {
        ObjectNode request = GatewayCalls.chat(
                        "Tell me story " + part + " of hosts. " + "The fox went to the river. ".repeat(60))
                .put("ignore_eos", true)
                .put("max_tokens", 600);
        return baton.calls().stream(GatewayCalls.CHAT, request, onText);
    }

    private static List<Double> receivedByDecode() {
        return DECODE.stream().map(OtherHostsIT::received).toList();
    }

    /** Bytes of KV that came to a worker, over TCP and over nothing else. */
    private static double received(String worker) {
        assertThat(baton.counter(worker, "baton_transfer_bytes_total", "SHARED_MEMORY"))
                .isZero();
        return baton.counter(worker, "baton_transfer_bytes_total", "direction=\"received\"");
    }
}
