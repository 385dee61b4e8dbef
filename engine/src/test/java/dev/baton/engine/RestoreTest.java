package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.schedule.Goal;
import dev.baton.kv.AdoptedBlocks;
import dev.baton.kv.BlockHash;
import dev.baton.protocol.v1.Generation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A sequence whose KV lies partly here, partly elsewhere, and partly nowhere. */
class RestoreTest {
    private static final int PROMPT = 22;

    private final Generation generation = Bench.generation("a", Bench.prompt(3, PROMPT), 40);

    @Test
    void aDecodeWorkerSharesThePrefixThatItHasAndAsksForTheRestOnly() {
        Bench prefill = new Bench(Role.PREFILL, 32);
        Bench decode = new Bench(Role.DECODE, 32);
        decode.admit(Bench.generation("earlier", Bench.prompt(3, PROMPT).subList(0, 14), 1), Goal.PREFILL_AND_DECODE);
        decode.settle();
        RecordingListener sender = prefill.admit(generation, Goal.PREFILL);
        prefill.settle();
        RecordingListener receiver = decode.admit(generation, Goal.DECODE);
        decode.settle();
        assertThat(receiver.cachedTokens).isEqualTo(12);
        int cached = receiver.cachedTokens / Bench.BLOCK;
        prefill.copyKv(
                Arrays.copyOfRange(sender.blocks, cached, sender.blocks.length),
                decode,
                Arrays.copyOfRange(receiver.blocks, cached, receiver.blocks.length));
        decode.arrived(generation, PROMPT, sender.tokens.getFirst());
        decode.settle();
        assertThat(receiver.tokens).isEqualTo(Bench.alone(generation).subList(1, 40));
    }

    @Test
    void whatDoesNotComeIsComputed() {
        for (int arrived : List.of(0, 3, 8, 11, PROMPT)) {
            Bench prefill = new Bench(Role.PREFILL, 32);
            Bench decode = new Bench(Role.DECODE, 32);
            RecordingListener sender = prefill.admit(generation, Goal.PREFILL);
            prefill.settle();
            RecordingListener receiver = decode.admit(generation, Goal.DECODE);
            decode.settle();
            prefill.copyKv(sender.blocks, decode, receiver.blocks);
            decode.reports.clear();
            decode.arrived(generation, arrived, EngineCommand.KvArrived.NO_TOKEN);
            decode.settle();
            assertThat(receiver.tokens).as("%d tokens came", arrived).isEqualTo(Bench.alone(generation));
            assertThat(computedRows(decode)).isEqualTo(PROMPT - Math.min(arrived, PROMPT - 1));
        }
    }

    /** The next turn of a chat: the worker that made the last answer holds more of it than the one that prefills. */
    @Test
    void aPrefillWorkerComputesOnlyWhatDidNotComeAndHandsAllOver() {
        for (int arrived : List.of(0, 3, 8, 20, PROMPT)) {
            Bench holder = new Bench(Role.BOTH, 32);
            RecordingListener held = holder.admit(generation, Goal.PREFILL);
            holder.settle();
            Bench prefill = new Bench(Role.PREFILL, 32);
            RecordingListener sender = prefill.admit(generation, Goal.PREFILL_REST);
            prefill.settle();
            assertThat(sender.events).containsExactly("reserved");
            holder.copyKv(held.blocks, prefill, sender.blocks);
            prefill.arrived(generation, arrived, EngineCommand.KvArrived.NO_TOKEN);
            prefill.settle();
            int inPlace = Math.min(arrived, PROMPT - 1);
            assertThat(computedRows(prefill)).isEqualTo(PROMPT - inPlace);
            assertThat(sender.cachedTokens).as("readable at once").isEqualTo(inPlace);
            assertThat(sender.events)
                    .containsSubsequence(
                            "reserved",
                            "prefillStarted",
                            "lastChunkStarted",
                            "layer2[%d,%d)".formatted(lastChunk(inPlace), PROMPT),
                            "token0");
            Bench decode = new Bench(Role.DECODE, 32);
            RecordingListener receiver = decode.admit(generation, Goal.DECODE);
            decode.settle();
            prefill.copyKv(sender.blocks, decode, receiver.blocks);
            decode.arrived(generation, PROMPT, sender.tokens.getFirst());
            decode.settle();
            List<Integer> all = new ArrayList<>(sender.tokens);
            all.addAll(receiver.tokens);
            assertThat(all).isEqualTo(Bench.alone(generation));
            prefill.release(generation);
            prefill.letGo(generation);
            prefill.settle();
            assertThat(prefill.load().freeBlocks() + prefill.load().cachedBlocks())
                    .isEqualTo(32);
        }
    }

    @Test
    void aSurvivorComputesOnlyTheStepThatWasLost() {
        for (int made = 1; made < 40; made += 6) {
            RememberingLedger left = new RememberingLedger();
            Bench dead = new Bench(Role.DECODE, 32, left);
            RecordingListener first = dead.admit(generation, Goal.PREFILL_AND_DECODE);
            while (first.tokens.size() < made) {
                dead.loop.runOnce();
            }
            Generation again =
                    generation.toBuilder().addAllAccepted(first.tokens).build();
            Bench survivor = new Bench(Role.DECODE, 32);
            RecordingListener second = survivor.admit(again, Goal.DECODE);
            survivor.settle();
            int rows = copyByContent(dead, left, again, survivor, second.blocks);
            survivor.reports.clear();
            survivor.arrived(again, rows, EngineCommand.KvArrived.NO_TOKEN);
            survivor.settle();
            List<Integer> all = new ArrayList<>(first.tokens);
            all.addAll(second.tokens);
            assertThat(all).isEqualTo(Bench.alone(generation));
            assertThat(computedRows(survivor))
                    .as("rows computed again after %d tokens", made)
                    .isEqualTo(1);
        }
    }

    @Test
    void whenASequenceThatWaitsForKvEndsOnlyItsReservedBlocksAreQuarantined() {
        Bench decode = new Bench(Role.DECODE, 16);
        decode.admit(Bench.generation("earlier", Bench.prompt(3, PROMPT).subList(0, 14), 1), Goal.PREFILL_AND_DECODE);
        decode.settle();
        decode.admit(generation, Goal.DECODE);
        decode.settle();
        decode.cancel(generation);
        decode.settle();
        assertThat(decode.loop.load().freeBlocks() + decode.loop.load().cachedBlocks())
                .isEqualTo(16 - 3);
        decode.release(generation);
        decode.settle();
        assertThat(decode.loop.load().freeBlocks() + decode.loop.load().cachedBlocks())
                .isEqualTo(16);
    }

    /** As a decode worker declines it: what was found is taken over first, then the sequence ends. */
    @Test
    void whatWasFoundStaysAsCacheWhereTheRestIsDeclined() {
        Bench holder = new Bench(Role.BOTH, 32);
        RecordingListener held = holder.admit(generation, Goal.PREFILL);
        holder.settle();
        Bench decode = new Bench(Role.DECODE, 32);
        RecordingListener declined = decode.admit(generation, Goal.DECODE);
        decode.settle();
        holder.copyKv(held.blocks, decode, declined.blocks);
        decode.arrived(generation, 11, EngineCommand.KvArrived.NO_TOKEN);
        decode.cancel(generation);
        decode.settle();
        assertThat(computedRows(decode)).as("nothing of the rest").isZero();
        assertThat(decode.load().cachedBlocks()).isEqualTo(11 / Bench.BLOCK);
        assertThat(decode.load().freeBlocks()).isEqualTo(32 - 11 / Bench.BLOCK);
        Generation next = generation.toBuilder().setRequestId("next").build();
        RecordingListener receiver = decode.admit(next, Goal.DECODE);
        decode.settle();
        assertThat(receiver.cachedTokens)
                .as("the next attempt asks for less")
                .isEqualTo(11 / Bench.BLOCK * Bench.BLOCK);
        holder.copyKv(
                Arrays.copyOfRange(held.blocks, 2, held.blocks.length),
                decode,
                Arrays.copyOfRange(receiver.blocks, 2, receiver.blocks.length));
        decode.arrived(next, PROMPT, held.tokens.getFirst());
        decode.settle();
        assertThat(receiver.tokens).isEqualTo(Bench.alone(generation).subList(1, 40));
    }

    @Test
    void aCachedBlockWhoseBytesChangedIsGivenUpAndComputedAgain() {
        RememberingLedger ledger = new RememberingLedger();
        Bench bench = new Bench(Role.BOTH, 32, ledger);
        bench.admit(generation, Goal.PREFILL_AND_DECODE);
        bench.settle();
        int flipped =
                ledger.sealed.keySet().stream().sorted().skip(2).findFirst().orElseThrow();
        bench.flipBit(1, flipped);
        RecordingListener again =
                bench.admit(generation.toBuilder().setRequestId("b").build(), Goal.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(again.tokens).isEqualTo(Bench.alone(generation));
        assertThat(again.cachedTokens).isLessThan(PROMPT - PROMPT % Bench.BLOCK);
        assertThat(bench.dropped).isEqualTo(1);
    }

    @Test
    void theAnswersFullBlocksAreFoundByTheNextTurn() {
        Bench bench = new Bench(Role.BOTH, 64);
        RecordingListener first = bench.admit(generation, Goal.PREFILL_AND_DECODE);
        bench.settle();
        List<Integer> turn = new ArrayList<>(Bench.prompt(3, PROMPT));
        turn.addAll(first.tokens);
        turn.addAll(Bench.prompt(5, 7));
        RecordingListener second = bench.admit(Bench.generation("next", turn, 5), Goal.PREFILL_AND_DECODE);
        bench.settle();
        int computed = PROMPT + first.tokens.size() - 1;
        assertThat(second.cachedTokens).isEqualTo(computed - computed % Bench.BLOCK);
    }

    /** The last block of its prompt is cached, and computed again for its last row; the cached one is evicted meanwhile. */
    @Test
    void aRunningSequenceIsFoundWholeAfterADoubleOfItsBlockWasEvicted() {
        RememberingLedger ledger = new RememberingLedger();
        Bench bench = new Bench(Role.BOTH, 24, ledger);
        List<Integer> prompt = Bench.prompt(3, 5 * Bench.BLOCK);
        bench.admit(Bench.generation("first", prompt, 1), Goal.PREFILL_AND_DECODE);
        bench.settle();
        RecordingListener lasting = bench.admit(Bench.generation("lasting", prompt, 100), Goal.PREFILL_AND_DECODE);
        while (lasting.tokens.size() < 5) {
            bench.runOnce();
        }
        bench.admit(Bench.generation("other", Bench.prompt(8, 15 * Bench.BLOCK + 1), 1), Goal.PREFILL_AND_DECODE);
        while (lasting.tokens.size() < 30) {
            bench.runOnce();
            bench.checkIntegrity();
        }
        List<Integer> tokens = new ArrayList<>(prompt);
        tokens.addAll(lasting.tokens);
        List<BlockHash> chain = bench.chain(tokens.subList(0, tokens.size() - 1));
        assertThat(ledger.sealed.values().stream().map(RememberingLedger.Sealed::name))
                .containsAll(chain);
        assertThat(bench.evicted).doesNotContainAnyElementsOf(chain);
        assertThat(bench.load().freeBlocks())
                .as("room was short, so that what could go went")
                .isZero();
    }

    @Test
    void anEngineStartsWithTheBlocksThatItsEarlierLifeLeft() {
        RememberingLedger ledger = new RememberingLedger();
        Bench earlier = new Bench(Role.BOTH, 32, ledger);
        earlier.admit(generation, Goal.PREFILL_AND_DECODE);
        earlier.settle();
        List<AdoptedBlocks.Named> left = ledger.sealed.entrySet().stream()
                .map(block -> new AdoptedBlocks.Named(
                        block.getKey(),
                        block.getValue().parent(),
                        block.getValue().name()))
                .toList();
        AdoptedBlocks adopted = new AdoptedBlocks(left, List.of());
        Bench later = new Bench(earlier, new PoolMemory(ledger, true, adopted));
        RecordingListener again = later.admit(generation, Goal.PREFILL_AND_DECODE);
        later.settle();
        assertThat(again.tokens).isEqualTo(Bench.alone(generation));
        assertThat(again.cachedTokens).isEqualTo(PROMPT - PROMPT % Bench.BLOCK);
        assertThat(adopted.chains().stream().flatMap(List::stream))
                .as("told to whom lists them")
                .containsAll(earlier.cached);
    }

    /** Where the last chunk of the prompt begins: a step has 20 rows, and chunks end with blocks. */
    private static int lastChunk(int from) {
        return PROMPT - from <= 20 ? from : from + 20 - (from + 20) % Bench.BLOCK;
    }

    private static int computedRows(Bench bench) {
        int prefill = bench.reports.stream()
                .mapToInt(EngineListener.StepReport::prefillRows)
                .sum();
        return prefill;
    }

    /** Copies every row that the dead engine's memory knows by its content. */
    private static int copyByContent(
            Bench dead, RememberingLedger left, Generation wanted, Bench survivor, int[] blocks) {
        List<Integer> tokens = new ArrayList<>(wanted.getPromptList());
        tokens.addAll(wanted.getAcceptedList());
        int rows = 0;
        BlockHash parent = null;
        for (BlockHash name : dead.chain(tokens)) {
            Integer block = left.sealed.entrySet().stream()
                    .filter(entry -> entry.getValue().name().equals(name))
                    .map(Map.Entry::getKey)
                    .findFirst()
                    .orElse(null);
            if (block == null) {
                break;
            }
            dead.copyKv(new int[] {block}, survivor, new int[] {blocks[rows / Bench.BLOCK]});
            rows += Bench.BLOCK;
            parent = name;
        }
        for (Map.Entry<Integer, RememberingLedger.Open> open : left.open.entrySet()) {
            boolean follows = parent == null
                    ? open.getValue().parent() == null
                    : parent.equals(open.getValue().parent());
            int same = 0;
            while (follows
                    && same < open.getValue().tokens().length
                    && rows + same < tokens.size()
                    && open.getValue().tokens()[same] == tokens.get(rows + same)) {
                same++;
            }
            if (same > 0) {
                dead.copyKv(new int[] {open.getKey()}, survivor, new int[] {blocks[rows / Bench.BLOCK]});
                return rows + same;
            }
        }
        return rows;
    }
}
