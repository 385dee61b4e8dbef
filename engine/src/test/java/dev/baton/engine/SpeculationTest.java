package dev.baton.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.EngineCommand.Admit;
import dev.baton.engine.EngineListener.StepReport;
import dev.baton.engine.EngineSettings.Patience;
import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.draft.Speculation;
import dev.baton.engine.draft.Speculation.Mode;
import dev.baton.engine.sampling.TokenConstraint;
import dev.baton.engine.schedule.Goal;
import dev.baton.engine.simulated.SimulatedModel;
import dev.baton.engine.simulated.StepCost;
import dev.baton.kv.AdoptedBlocks;
import dev.baton.kv.HostKvMemory;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Stopping;
import dev.baton.protocol.v1.TokenLogprob;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SpeculationTest {
    private static final int MOST = 7;

    /** A model that likes to repeat what followed a token before, but not always: guesses are right and wrong. */
    private static final class Repeating extends WrappedRunner {
        private final Runnable timePasses;

        Repeating(ModelRunner inner, Runnable timePasses) {
            super(inner);
            this.timePasses = timePasses;
        }

        @Override
        public MemorySegment forward(List<Slice> slices, LayerProgress progress) {
            MemorySegment logits = super.forward(slices, progress);
            timePasses.run();
            long row = 0;
            for (Slice slice : slices) {
                for (int back = slice.logitRows(); back > 0; back--, row++) {
                    int at = slice.tokens().length - back;
                    int token = slice.tokens()[at];
                    int position = slice.position() + at;
                    int liked = (token * 7 + 3) % 11 * 2 + (position % 13 == 0 ? 30 : 0);
                    logits.setAtIndex(ValueLayout.JAVA_FLOAT, row * Bench.VOCAB + liked, 12);
                }
            }
            return logits;
        }
    }

    /** Keeps log-probabilities too. */
    private static final class Hearing extends RecordingListener {
        final List<@Nullable TokenLogprob> logprobs = new ArrayList<>();

        @Override
        public void token(int index, int token, @Nullable TokenLogprob logprob) {
            super.token(index, token, logprob);
            logprobs.add(logprob);
        }
    }

    /** Only even tokens, and an end after so many. */
    private static final class Even implements TokenConstraint {
        private int taken;

        @Override
        public long[] allowed() {
            return taken % 5 == 4 ? new long[] {-1L, -1L} : new long[] {0x5555555555555555L, 0x5555555555555555L};
        }

        @Override
        public boolean complete() {
            return taken >= 30;
        }

        @Override
        public void accept(int token) {
            taken++;
        }
    }

    /** What was asked, and what it is called. */
    private record Asked(String name, Sampling sampling, Stopping stopping, boolean even) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Asked> asked() {
        Stopping long64 = Stopping.newBuilder().setMaxTokens(64).build();
        Sampling greedy = Sampling.getDefaultInstance();
        Sampling warm = Sampling.newBuilder().setTemperature(0.8F).setSeed(5).build();
        return Stream.of(
                new Asked("greedy", greedy, long64, false),
                new Asked("sampled", warm, long64, false),
                new Asked(
                        "logprobs",
                        warm.toBuilder().setLogprobs(true).setTopLogprobs(3).build(),
                        long64,
                        false),
                new Asked(
                        "penalties",
                        warm.toBuilder()
                                .setFrequencyPenalty(0.1F)
                                .setPresencePenalty(0.2F)
                                .setRepetitionPenalty(1.05F)
                                .build(),
                        long64,
                        false),
                new Asked("constrained", warm, long64, true),
                new Asked("constrained greedy", greedy, long64, true),
                new Asked("stop token amid guesses", greedy, stopping(12), false),
                new Asked(
                        "few tokens",
                        greedy,
                        Stopping.newBuilder().setMaxTokens(3).build(),
                        false));
    }

    private static Stopping stopping(int token) {
        return Stopping.newBuilder().setMaxTokens(64).addStopTokenIds(token).build();
    }

    @ParameterizedTest
    @MethodSource("asked")
    void tokensAreTheSameWithAndWithoutGuesses(Asked asked) {
        for (int batch : new int[] {1, 3, 8}) {
            List<Hearing> without = run(Speculation.OFF, asked, batch, 128, new ArrayList<>());
            for (Mode mode : List.of(Mode.ON, Mode.AUTO)) {
                List<StepReport> reports = new ArrayList<>();
                List<Hearing> with = run(new Speculation(mode, MOST), asked, batch, 128, reports);
                for (int i = 0; i < batch; i++) {
                    assertThat(with.get(i).tokens)
                            .as("%s %d of %d", mode, i, batch)
                            .isEqualTo(without.get(i).tokens);
                    assertThat(with.get(i).logprobs).isEqualTo(without.get(i).logprobs);
                    assertThat(with.get(i).finish).isEqualTo(without.get(i).finish);
                }
                int guesses = reports.stream().mapToInt(StepReport::guesses).sum();
                int accepted = reports.stream().mapToInt(StepReport::accepted).sum();
                if (mode == Mode.ON
                        && asked.stopping().getMaxTokens() > 3
                        && !asked.name().startsWith("stop")) {
                    assertThat(accepted).as("right guesses").isPositive();
                    assertThat(guesses).as("wrong guesses").isGreaterThan(accepted);
                }
            }
        }
    }

    @Test
    void tokensAreTheSameInAPoolSoTightThatSequencesArePreempted() {
        Asked greedy = asked().findFirst().orElseThrow();
        List<Hearing> without = run(Speculation.OFF, greedy, 4, 40, new ArrayList<>());
        List<Hearing> with = run(new Speculation(Mode.ON, MOST), greedy, 4, 40, new ArrayList<>());
        for (int i = 0; i < 4; i++) {
            assertThat(with.get(i).tokens).isEqualTo(without.get(i).tokens);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Mode.class,
            names = {"ON", "AUTO"})
    void fewerStepsAreNeededWhereTokensRepeat(Mode mode) {
        Asked greedy = asked().findFirst().orElseThrow();
        List<StepReport> plain = new ArrayList<>();
        run(Speculation.OFF, greedy, 1, 128, plain);
        List<StepReport> guessing = new ArrayList<>();
        run(new Speculation(mode, MOST), greedy, 1, 128, guessing);
        assertThat(guessing.size()).isLessThan(plain.size() * 3 / 4);
    }

    /** Rows of wrong guesses are computed, but a survivor must never find them, nor a name stand for them. */
    @Test
    void wrongGuessesAreNeitherRecordedNorNamed() {
        RememberingLedger ledger = new RememberingLedger();
        RecordingListener listener = new RecordingListener();
        try (Bench bench =
                bench(new Speculation(Mode.ON, MOST), 128, new PoolMemory(ledger, true, AdoptedBlocks.NONE))) {
            ledger.over(new HostKvMemory(bench.region));
            Generation asked = generation(0, asked().findFirst().orElseThrow());
            bench.incoming.add(new Admit(asked, Goal.PREFILL_AND_DECODE, listener, () -> null));
            int wrong = 0;
            while (!listener.ended()) {
                bench.runOnce();
                if (!bench.reports.isEmpty()) {
                    StepReport last = bench.reports.getLast();
                    wrong += last.guesses() - last.accepted();
                }
                List<Integer> all = new ArrayList<>(asked.getPromptList());
                all.addAll(listener.tokens);
                for (RememberingLedger.Open open : ledger.open.values()) {
                    int from = all.size() - 1 - (all.size() - 1) % Bench.BLOCK;
                    if (!listener.ended() && !listener.tokens.isEmpty() && from < all.size() - 1) {
                        List<Integer> rows =
                                Arrays.stream(open.tokens()).boxed().toList();
                        assertThat(all.subList(from, all.size() - 1)).isEqualTo(rows);
                    }
                }
            }
            assertThat(wrong).as("wrong guesses").isPositive();
            for (int block : ledger.sealed.keySet()) {
                assertThat(ledger.matches(block)).isTrue();
            }
            bench.checkIntegrity();

            // What it left is what a run without guesses computes: the next one finds its blocks and goes on alike.
            RecordingListener again = new RecordingListener();
            Generation longer = asked.toBuilder()
                    .setRequestId("again")
                    .addAllAccepted(listener.tokens.subList(0, 50))
                    .build();
            bench.incoming.add(new Admit(longer, Goal.PREFILL_AND_DECODE, again, () -> null));
            bench.settle();
            assertThat(again.cachedTokens).isGreaterThan(asked.getPromptCount());
            assertThat(again.tokens).isEqualTo(listener.tokens.subList(50, 64));
        }
    }

    private static List<Hearing> run(
            Speculation speculation, Asked asked, int batch, int blocks, List<StepReport> reports) {
        try (Bench bench = bench(speculation, blocks, PoolMemory.NONE)) {
            List<Hearing> heard = new ArrayList<>();
            for (int i = 0; i < batch; i++) {
                Hearing listener = new Hearing();
                heard.add(listener);
                Supplier<TokenConstraint> constraint = () -> asked.even() ? new Even() : null;
                bench.incoming.add(new Admit(generation(i, asked), Goal.PREFILL_AND_DECODE, listener, constraint));
            }
            bench.settle();
            bench.checkIntegrity();
            reports.addAll(bench.reports);
            assertThat(heard).allMatch(Hearing::ended);
            return heard;
        }
    }

    private static Generation generation(int i, Asked asked) {
        return Bench.generation("r" + i, Bench.prompt(i, 9), 64).toBuilder()
                .setSampling(asked.sampling())
                .setStopping(asked.stopping())
                .build();
    }

    private static Bench bench(Speculation speculation, int blocks, PoolMemory memory) {
        Bench[] bench = new Bench[1];
        bench[0] = new Bench(
                new SimulatedModel("toy", Bench.VOCAB, 256, Set.of(), 3, Bench.BLOCK, StepCost.NONE),
                new EngineSettings(Role.BOTH, 8, 128, 64, Patience.DEFAULT, speculation),
                blocks,
                runner -> new Repeating(runner, () -> bench[0].millis += 10),
                memory,
                null);
        return bench[0];
    }
}
