package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.schedule.Goal;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Sampling;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EngineLoopTest {
    private final Bench bench = new Bench(Role.BOTH, 64);

    @Test
    void generatesUntilMaxTokens() {
        RecordingListener heard = bench.admit(Bench.generation("a", Bench.prompt(1, 10), 5), Goal.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(heard.tokens).hasSize(5);
        assertThat(heard.finish).isEqualTo(Finish.Reason.LENGTH);
        assertThat(bench.loop.load().running()).isZero();
        assertThat(bench.loop.load().freeBlocks() + bench.loop.load().cachedBlocks())
                .isEqualTo(64);
    }

    @Test
    void tokensAreTheSameAloneAndInABatchOfManyLengths() {
        List<Generation> generations = new ArrayList<>();
        List<RecordingListener> heard = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Generation generation = Bench.generation("r" + i, Bench.prompt(i, 3 + 7 * i), 9);
            generations.add(generation);
            heard.add(bench.admit(generation, Goal.PREFILL_AND_DECODE));
        }
        bench.settle();
        for (int i = 0; i < 6; i++) {
            assertThat(heard.get(i).tokens).isEqualTo(Bench.alone(generations.get(i)));
        }
    }

    @Test
    void aResumedSequenceGoesOnWithTheSameTokensGreedyOrSeeded() {
        for (float temperature : new float[] {0, 0.9f}) {
            Generation whole = withTemperature(Bench.generation("whole", Bench.prompt(5, 13), 20), temperature);
            List<Integer> expected = Bench.alone(whole);
            for (int accepted : new int[] {1, 3, 7, 19}) {
                Generation resumed = whole.toBuilder()
                        .addAllAccepted(expected.subList(0, accepted))
                        .build();
                Bench other = new Bench(Role.BOTH, 64);
                RecordingListener heard = other.admit(resumed, Goal.PREFILL_AND_DECODE);
                other.settle();
                assertThat(heard.firstIndex).isEqualTo(accepted);
                assertThat(heard.tokens).isEqualTo(expected.subList(accepted, 20));
            }
        }
    }

    @Test
    void acceptedTokensThatEndTheSequenceAlreadyFinishItAtOnce() {
        Generation done = Bench.generation("a", Bench.prompt(1, 5), 3).toBuilder()
                .addAllAccepted(List.of(4, 5, 6))
                .build();
        for (Goal work : Goal.values()) {
            RecordingListener heard = bench.admit(done, work);
            bench.settle();
            assertThat(heard.events).containsExactly("finished");
            assertThat(heard.finish).isEqualTo(Finish.Reason.LENGTH);
        }
    }

    @Test
    void aPrefixHitIsReportedAndChangesNoToken() {
        List<Integer> prompt = Bench.prompt(8, 18);
        RecordingListener first = bench.admit(Bench.generation("a", prompt, 6), Goal.PREFILL_AND_DECODE);
        bench.settle();
        RecordingListener second = bench.admit(Bench.generation("b", prompt, 6), Goal.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(first.cachedTokens).isZero();
        assertThat(second.cachedTokens).isEqualTo(16);
        assertThat(second.tokens).isEqualTo(first.tokens);
    }

    @Test
    void theNextTurnOfAConversationFindsTheAnswerOfTheLastInTheCache() {
        List<Integer> conversation = new ArrayList<>(Bench.prompt(8, 10));
        RecordingListener first = bench.admit(Bench.generation("a", conversation, 8), Goal.PREFILL_AND_DECODE);
        bench.settle();
        conversation.addAll(first.tokens);
        conversation.addAll(Bench.prompt(9, 5));
        RecordingListener second = bench.admit(Bench.generation("b", conversation, 2), Goal.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(second.cachedTokens).isEqualTo(16);
    }

    @Test
    void anotherTenantDoesNotHitTheSameText() {
        List<Integer> prompt = Bench.prompt(8, 18);
        bench.admit(Bench.generation("a", prompt, 2), Goal.PREFILL_AND_DECODE);
        bench.settle();
        Generation other = Bench.generation("b", prompt, 2).toBuilder()
                .setTenantSalt(ByteString.copyFromUtf8("other"))
                .build();
        RecordingListener heard = bench.admit(other, Goal.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(heard.cachedTokens).isZero();
    }

    @Test
    void preemptedSequencesMakeTheSameTokensAsAlone() {
        Bench tight = new Bench(Role.BOTH, 14);
        List<Generation> generations = new ArrayList<>();
        List<RecordingListener> heard = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Generation generation = Bench.generation("r" + i, Bench.prompt(20 + i, 9), 30);
            generations.add(generation);
            heard.add(tight.admit(generation, Goal.PREFILL_AND_DECODE));
        }
        tight.settle();
        int prefilled = tight.reports.stream().mapToInt(r -> r.prefillRows()).sum();
        assertThat(prefilled).as("prompt rows, more than once where preempted").isGreaterThan(4 * 9);
        for (int i = 0; i < 4; i++) {
            assertThat(heard.get(i).tokens).isEqualTo(Bench.alone(generations.get(i)));
            assertThat(heard.get(i).events).containsOnlyOnce("prefillStarted");
        }
    }

    @Test
    void cachedChainsAndEvictedNamesAreTold() {
        Bench small = new Bench(Role.BOTH, 6);
        small.admit(Bench.generation("a", Bench.prompt(1, 8), 5), Goal.PREFILL_AND_DECODE);
        small.settle();
        assertThat(small.cached).hasSize(2 + 3).startsWith(small.cached.get(2), small.cached.get(3));
        small.admit(Bench.generation("b", Bench.prompt(2, 20), 2), Goal.PREFILL_AND_DECODE);
        small.settle();
        assertThat(small.evicted).isNotEmpty().isSubsetOf(small.cached);
    }

    private static Generation withTemperature(Generation generation, float temperature) {
        return generation.toBuilder()
                .setSampling(Sampling.newBuilder().setTemperature(temperature).setSeed(31))
                .build();
    }
}
