package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.baton.engine.EngineCommand.Work;
import dev.baton.engine.EngineSettings.Role;
import dev.baton.protocol.v1.Failure;
import dev.baton.protocol.v1.Finish;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.TokenLogprob;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EngineLoopTest {
    private final Bench bench = new Bench(Role.BOTH, 64);

    @Test
    void generatesUntilMaxTokens() {
        RecordingListener heard = bench.admit(Bench.generation("a", Bench.prompt(1, 10), 5), Work.PREFILL_AND_DECODE);
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
            heard.add(bench.admit(generation, Work.PREFILL_AND_DECODE));
        }
        bench.settle();
        for (int i = 0; i < 6; i++) {
            assertThat(heard.get(i).tokens).isEqualTo(Bench.alone(generations.get(i)));
        }
    }

    @Test
    void prefillHandsItsKvAndFirstTokenToADecoderWhichMakesTheSameTokens() {
        Generation generation = Bench.generation("a", Bench.prompt(3, 22), 12);
        Bench prefill = new Bench(Role.PREFILL, 16);
        Bench decode = new Bench(Role.DECODE, 16);
        RecordingListener sender = prefill.admit(generation, Work.PREFILL);
        RecordingListener receiver = decode.admit(generation, Work.DECODE);
        prefill.settle();
        decode.settle();
        assertThat(receiver.events).containsExactly("reserved");
        assertThat(sender.tokens).hasSize(1);
        prefill.copyKv(sender.blocks, decode, receiver.blocks);
        decode.arrived(generation, sender.tokens.getFirst());
        prefill.release(generation);
        prefill.settle();
        decode.settle();
        List<Integer> all = new ArrayList<>(sender.tokens);
        all.addAll(receiver.tokens);
        assertThat(all).isEqualTo(Bench.alone(generation));
        assertThat(receiver.firstIndex).isEqualTo(1);
        assertThat(prefill.loop.load().freeBlocks()).isEqualTo(16 - 5);
        assertThat(prefill.loop.load().cachedBlocks()).isEqualTo(5);
    }

    @Test
    void cancelledReservedBlocksAreQuarantinedUntilRelease() {
        Bench decode = new Bench(Role.DECODE, 8);
        Generation generation = Bench.generation("a", Bench.prompt(3, 22), 12);
        RecordingListener heard = decode.admit(generation, Work.DECODE);
        decode.settle();
        decode.cancel(generation);
        decode.settle();
        assertThat(heard.failureCode()).isEqualTo(Failure.Code.CANCELLED);
        assertThat(decode.loop.load().freeBlocks()).isEqualTo(2);
        decode.release(generation);
        decode.settle();
        assertThat(decode.loop.load().freeBlocks()).isEqualTo(8);
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
                RecordingListener heard = other.admit(resumed, Work.PREFILL_AND_DECODE);
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
        for (Work work : Work.values()) {
            RecordingListener heard = bench.admit(done, work);
            bench.settle();
            assertThat(heard.events).containsExactly("finished");
            assertThat(heard.finish).isEqualTo(Finish.Reason.LENGTH);
        }
    }

    @Test
    void aPrefixHitIsReportedAndChangesNoToken() {
        List<Integer> prompt = Bench.prompt(8, 18);
        RecordingListener first = bench.admit(Bench.generation("a", prompt, 6), Work.PREFILL_AND_DECODE);
        bench.settle();
        RecordingListener second = bench.admit(Bench.generation("b", prompt, 6), Work.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(first.cachedTokens).isZero();
        assertThat(second.cachedTokens).isEqualTo(16);
        assertThat(second.tokens).isEqualTo(first.tokens);
    }

    @Test
    void theNextTurnOfAConversationFindsTheAnswerOfTheLastInTheCache() {
        List<Integer> conversation = new ArrayList<>(Bench.prompt(8, 10));
        RecordingListener first = bench.admit(Bench.generation("a", conversation, 8), Work.PREFILL_AND_DECODE);
        bench.settle();
        conversation.addAll(first.tokens);
        conversation.addAll(Bench.prompt(9, 5));
        RecordingListener second = bench.admit(Bench.generation("b", conversation, 2), Work.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(second.cachedTokens).isEqualTo(16);
    }

    @Test
    void anotherTenantDoesNotHitTheSameText() {
        List<Integer> prompt = Bench.prompt(8, 18);
        bench.admit(Bench.generation("a", prompt, 2), Work.PREFILL_AND_DECODE);
        bench.settle();
        Generation other = Bench.generation("b", prompt, 2).toBuilder()
                .setTenantSalt(ByteString.copyFromUtf8("other"))
                .build();
        RecordingListener heard = bench.admit(other, Work.PREFILL_AND_DECODE);
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
            heard.add(tight.admit(generation, Work.PREFILL_AND_DECODE));
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
    void aPreemptedHandoffIsRecomputedWhereItDecodes() {
        Bench decode = new Bench(Role.DECODE, 9);
        Generation first = Bench.generation("first", Bench.prompt(1, 9), 20);
        Generation second = Bench.generation("second", Bench.prompt(2, 9), 20);
        List<RecordingListener> receivers = new ArrayList<>();
        for (Generation generation : List.of(first, second)) {
            Bench prefill = new Bench(Role.PREFILL, 16);
            RecordingListener sender = prefill.admit(generation, Work.PREFILL);
            prefill.settle();
            RecordingListener receiver = decode.admit(generation, Work.DECODE);
            receivers.add(receiver);
            decode.loop.turn();
            prefill.copyKv(sender.blocks, decode, receiver.blocks);
            decode.arrived(generation, sender.tokens.getFirst());
        }
        decode.settle();
        assertThat(receivers.get(0).tokens).isEqualTo(Bench.alone(first).subList(1, 20));
        assertThat(receivers.get(1).tokens).isEqualTo(Bench.alone(second).subList(1, 20));
        assertThat(decode.reports).anyMatch(report -> report.prefillRows() > 0);
    }

    @Test
    void layersAreToldChunkByChunkAndTheLastChunkIsAnnouncedBeforeItIsComputed() {
        Bench prefill = new Bench(Role.PREFILL, 64);
        RecordingListener heard = prefill.admit(Bench.generation("a", Bench.prompt(3, 30), 5), Work.PREFILL);
        prefill.settle();
        assertThat(heard.events)
                .containsExactly(
                        "prefillStarted",
                        "layer0[0,20)",
                        "layer1[0,20)",
                        "layer2[0,20)",
                        "lastChunkStarted",
                        "layer0[20,30)",
                        "layer1[20,30)",
                        "layer2[20,30)",
                        "token0");
    }

    @Test
    void aFirstTokenThatEndsTheSequenceFinishesBothSides() {
        Generation one = Bench.generation("a", Bench.prompt(3, 10), 1);
        Bench prefill = new Bench(Role.PREFILL, 8);
        Bench decode = new Bench(Role.DECODE, 8);
        RecordingListener sender = prefill.admit(one, Work.PREFILL);
        RecordingListener receiver = decode.admit(one, Work.DECODE);
        prefill.settle();
        decode.settle();
        assertThat(sender.events).endsWith("token0", "finished");
        assertThat(prefill.loop.load().freeBlocks()).as("held until released").isEqualTo(5);
        decode.arrived(one, sender.tokens.getFirst());
        decode.settle();
        assertThat(receiver.events).containsExactly("reserved", "finished");
        prefill.release(one);
        prefill.settle();
        assertThat(prefill.loop.load().cachedBlocks()).isEqualTo(2);
    }

    @Test
    void releaseBeforeThePrefillEndsMeansItsBlocksAreNotHeld() {
        Bench prefill = new Bench(Role.PREFILL, 8);
        Generation generation = Bench.generation("a", Bench.prompt(3, 30), 5);
        prefill.admit(generation, Work.PREFILL);
        prefill.loop.turn();
        prefill.release(generation);
        prefill.settle();
        assertThat(prefill.loop.load().freeBlocks() + prefill.loop.load().cachedBlocks())
                .isEqualTo(8);
    }

    @Test
    void heldBlocksThatNobodyReleasesComeBackAfterTheHoldLimit() {
        Bench prefill = new Bench(Role.PREFILL, 8);
        RecordingListener heard = prefill.admit(Bench.generation("a", Bench.prompt(3, 10), 5), Work.PREFILL);
        prefill.settle();
        prefill.millis += EngineSettings.Patience.DEFAULT.hold().toMillis() - 1;
        prefill.settle();
        assertThat(heard.failure).isNull();
        prefill.millis += 1;
        prefill.settle();
        assertThat(heard.failureCode()).isEqualTo(Failure.Code.DEADLINE_EXCEEDED);
        assertThat(prefill.loop.load().freeBlocks()).isEqualTo(6);
    }

    @Test
    void aSequenceCanBeCancelledInEveryPhaseAndLeavesNothingBehind() {
        for (int turns = 0; turns < 12; turns++) {
            for (Work work : Work.values()) {
                Bench cancelled = new Bench(Role.BOTH, 16);
                Generation generation = Bench.generation("a", Bench.prompt(3, 42), 6);
                RecordingListener heard = cancelled.admit(generation, work);
                for (int i = 0; i < turns; i++) {
                    cancelled.loop.turn();
                }
                cancelled.cancel(generation);
                cancelled.settle();
                assertThat(heard.ended()).isTrue();
                cancelled.release(generation);
                cancelled.settle();
                assertThat(cancelled.loop.load().freeBlocks()
                                + cancelled.loop.load().cachedBlocks())
                        .isEqualTo(16);
            }
        }
    }

    @Test
    void aCancelBetweenLayersIsHeardAtOnceAndSparesTheBatch() {
        Generation cancelled = Bench.generation("cancelled", Bench.prompt(1, 6), 5);
        Generation other = Bench.generation("other", Bench.prompt(2, 6), 5);
        RecordingListener[] heard = new RecordingListener[1];
        List<String> seenAtLaterLayers = new ArrayList<>();
        Bench[] self = new Bench[1];
        self[0] = new Bench(Role.BOTH, 32, 8, runner -> new WrappedRunner(runner) {
            @Override
            public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                return super.forward(slices, layer -> {
                    if (layer == 0) {
                        self[0].cancel(cancelled);
                    } else if (layer == 2) {
                        seenAtLaterLayers.add(heard[0].events.getLast());
                    }
                    progress.layerDone(layer);
                });
            }
        });
        heard[0] = self[0].admit(cancelled, Work.PREFILL_AND_DECODE);
        RecordingListener spared = self[0].admit(other, Work.PREFILL_AND_DECODE);
        self[0].settle();
        assertThat(seenAtLaterLayers).isNotEmpty().containsOnly("failed");
        assertThat(spared.tokens).isEqualTo(Bench.alone(other));
    }

    @Test
    void tenCancelledLongPrefillsCostAShortRequestOneChunkAtMost() {
        Bench prefill = new Bench(Role.PREFILL, 64, 16, UnaryOperator.identity());
        List<Generation> longOnes = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            Generation generation = Bench.generation("long" + i, Bench.prompt(i, 200), 5);
            longOnes.add(generation);
            prefill.admit(generation, Work.PREFILL);
        }
        prefill.loop.turn();
        longOnes.forEach(prefill::cancel);
        RecordingListener heard = prefill.admit(Bench.generation("short", Bench.prompt(77, 8), 5), Work.PREFILL);
        prefill.loop.turn();
        assertThat(heard.tokens).hasSize(1);
    }

    @Test
    void deadlinesEndSequencesInEveryPhaseAfterTheSlack() {
        for (Work work : Work.values()) {
            Bench slow = new Bench(Role.BOTH, 64);
            Generation generation = Bench.generation("a", Bench.prompt(3, 200), 50).toBuilder()
                    .setDeadlineMs(slow.millis + 1_000)
                    .build();
            RecordingListener heard = slow.admit(generation, work);
            slow.loop.turn();
            slow.millis += 1_499;
            slow.loop.turn();
            assertThat(heard.failure).isNull();
            slow.millis += 1;
            slow.settle();
            assertThat(heard.failureCode()).isEqualTo(Failure.Code.DEADLINE_EXCEEDED);
            slow.release(generation);
            slow.settle();
            assertThat(slow.loop.load().freeBlocks() + slow.loop.load().cachedBlocks())
                    .isEqualTo(64);
        }
    }

    @Test
    void requestsThatCannotBeServedAreRefusedWithTheReason() {
        Generation fine = Bench.generation("a", Bench.prompt(3, 10), 5);
        assertThat(refusal(fine.toBuilder().clearPrompt().build())).isEqualTo(Failure.Code.BAD_REQUEST);
        assertThat(refusal(fine.toBuilder().addPrompt(Bench.VOCAB).build())).isEqualTo(Failure.Code.BAD_REQUEST);
        assertThat(refusal(fine.toBuilder().addPrompt(-1).build())).isEqualTo(Failure.Code.BAD_REQUEST);
        assertThat(refusal(fine.toBuilder().addAllPrompt(Bench.prompt(4, 246)).build()))
                .isEqualTo(Failure.Code.BAD_REQUEST);
        assertThat(refusal(fine.toBuilder().setModelFingerprint(1).build())).isEqualTo(Failure.Code.MODEL_MISMATCH);
        assertThat(refusal(withTemperature(fine, -1))).isEqualTo(Failure.Code.BAD_REQUEST);
        Bench small = new Bench(Role.BOTH, 3);
        RecordingListener tooLong = small.admit(Bench.generation("a", Bench.prompt(3, 12), 5), Work.PREFILL_AND_DECODE);
        small.settle();
        assertThat(tooLong.failureCode()).isEqualTo(Failure.Code.NO_CAPACITY);
        Bench prefill = new Bench(Role.PREFILL, 8);
        RecordingListener wrongRole = prefill.admit(fine, Work.DECODE);
        prefill.settle();
        assertThat(wrongRole.failureCode()).isEqualTo(Failure.Code.BAD_REQUEST);
    }

    @Test
    void aSequenceThatOutgrowsTheWholePoolFailsWithNoCapacity() {
        Bench small = new Bench(Role.BOTH, 3);
        RecordingListener heard = small.admit(Bench.generation("a", Bench.prompt(3, 9), 50), Work.PREFILL_AND_DECODE);
        small.settle();
        assertThat(heard.tokens).hasSize(4);
        assertThat(heard.failureCode()).isEqualTo(Failure.Code.NO_CAPACITY);
    }

    @Test
    void theSameKeyTwiceIsRefusedAndTheFirstGoesOn() {
        Generation generation = Bench.generation("a", Bench.prompt(3, 10), 5);
        RecordingListener first = bench.admit(generation, Work.PREFILL_AND_DECODE);
        RecordingListener second = bench.admit(generation, Work.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(second.failureCode()).isEqualTo(Failure.Code.BAD_REQUEST);
        assertThat(first.tokens).hasSize(5);
    }

    @Test
    void aSequenceWhoseComputationThrowsFailsAlone() {
        Bench faulty = new Bench(Role.BOTH, 64, 8, runner -> new WrappedRunner(runner) {
            @Override
            public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                if (slices.stream()
                        .anyMatch(
                                slice -> slice.position() == 0 && slice.tokens()[0] == 13 && slice.tokens()[1] == 13)) {
                    throw new IllegalStateException("no luck");
                }
                return super.forward(slices, progress);
            }
        });
        List<Integer> unlucky = new ArrayList<>(Bench.prompt(1, 10));
        unlucky.set(0, 13);
        unlucky.set(1, 13);
        Generation good = Bench.generation("good", Bench.prompt(6, 10), 5);
        RecordingListener spared = faulty.admit(good, Work.PREFILL_AND_DECODE);
        RecordingListener failing = faulty.admit(Bench.generation("bad", unlucky, 5), Work.PREFILL_AND_DECODE);
        faulty.settle();
        assertThat(failing.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
        assertThat(String.valueOf(failing.failure)).contains("step 1 (0 decode rows, 20 prompt rows): no luck");
        assertThat(spared.tokens).isEqualTo(Bench.alone(good));
        assertThat(spared.events).doesNotHaveDuplicates();
    }

    @Test
    void aSequenceWithBrokenLogitsFailsAlone() {
        Bench faulty = new Bench(Role.BOTH, 64, 8, runner -> new WrappedRunner(runner) {
            @Override
            public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
                MemorySegment logits = super.forward(slices, progress);
                logits.set(ValueLayout.JAVA_FLOAT, 4L * (Bench.VOCAB + 5), Float.NaN);
                return logits;
            }
        });
        Generation good = Bench.generation("good", Bench.prompt(6, 8), 5);
        RecordingListener spared = faulty.admit(good, Work.PREFILL_AND_DECODE);
        RecordingListener failing = faulty.admit(Bench.generation("b", Bench.prompt(7, 8), 5), Work.PREFILL_AND_DECODE);
        faulty.settle();
        assertThat(failing.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
        assertThat(spared.tokens).isEqualTo(Bench.alone(good));
    }

    @Test
    void aListenerThatThrowsFailsItsOwnSequenceOnly() {
        RecordingListener throwing = new RecordingListener() {
            @Override
            public void token(int index, int token, @Nullable TokenLogprob logprob) {
                throw new IllegalStateException("no room");
            }
        };
        bench.incoming.add(target -> target.handle(new EngineCommand.Admit(
                Bench.generation("bad", Bench.prompt(1, 5), 5), Work.PREFILL_AND_DECODE, throwing)));
        RecordingListener spared =
                bench.admit(Bench.generation("good", Bench.prompt(2, 5), 5), Work.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(throwing.failureCode()).isEqualTo(Failure.Code.ENGINE_FAILED);
        assertThat(spared.tokens).hasSize(5);
    }

    @Test
    void cachedChainsAndEvictedNamesAreTold() {
        Bench small = new Bench(Role.BOTH, 6);
        small.admit(Bench.generation("a", Bench.prompt(1, 8), 5), Work.PREFILL_AND_DECODE);
        small.settle();
        assertThat(small.cached).hasSize(2 + 3).startsWith(small.cached.get(2), small.cached.get(3));
        small.admit(Bench.generation("b", Bench.prompt(2, 20), 2), Work.PREFILL_AND_DECODE);
        small.settle();
        assertThat(small.evicted).isNotEmpty().isSubsetOf(small.cached);
    }

    @Test
    void closingEndsEverySequence() {
        RecordingListener running = bench.admit(Bench.generation("a", Bench.prompt(1, 8), 50), Work.PREFILL_AND_DECODE);
        RecordingListener reserved = bench.admit(Bench.generation("b", Bench.prompt(2, 8), 50), Work.DECODE);
        bench.loop.turn();
        RecordingListener late = bench.admit(Bench.generation("c", Bench.prompt(2, 8), 50), Work.DECODE);
        bench.loop.close(Admission.failure(Failure.Code.SHUTTING_DOWN, "closing"));
        for (RecordingListener heard : List.of(running, reserved, late)) {
            assertThat(heard.failureCode()).isEqualTo(Failure.Code.SHUTTING_DOWN);
        }
    }

    private Failure.Code refusal(Generation generation) {
        RecordingListener heard = bench.admit(generation, Work.PREFILL_AND_DECODE);
        bench.settle();
        assertThat(heard.events).containsExactly("failed");
        return heard.failureCode();
    }

    private static Generation withTemperature(Generation generation, float temperature) {
        return generation.toBuilder()
                .setSampling(Sampling.newBuilder().setTemperature(temperature).setSeed(31))
                .build();
    }
}
