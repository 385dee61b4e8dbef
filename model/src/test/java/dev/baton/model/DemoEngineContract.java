package dev.baton.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.engine.Bench;
import dev.baton.engine.EngineSettings;
import dev.baton.engine.EngineSettings.Patience;
import dev.baton.engine.EngineSettings.Role;
import dev.baton.engine.OpenModel;
import dev.baton.engine.RecordingListener;
import dev.baton.engine.schedule.Goal;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.protocol.v1.Generation;
import dev.baton.protocol.v1.Stopping;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * The demo model through the whole engine: scheduler, block tables, sampler. In f32 its tokens are those that transformers
 * made; in bf16 they are those it makes alone, whatever company, chunks, cached blocks or worker they come from.
 */
public abstract class DemoEngineContract {
    private static final int BLOCK = 16;
    private static final int PLENTY = 512;

    /** A prompt and what must come out of it. */
    record Expected(Generation generation, List<Integer> tokens) {}

    private final OpenedBy way;

    protected DemoEngineContract(OpenedBy way) {
        this.way = way;
    }

    @Test
    void inF32TokensAreTheSameAloneBatchedChunkedCachedPreemptedAndHandedOver() throws IOException {
        tokensAreTheSame(DtypeChoice.F32);
    }

    final void tokensAreTheSame(DtypeChoice dtype) throws IOException {
        ModelSettings settings = new ModelSettings(Reference.DEMO, "demo", dtype, 2, BLOCK);
        try (OpenModel model = way.open(settings)) {
            boolean exact = model.shape(1).exact();
            assertThat(exact || way != OpenedBy.KERNELS).isTrue();
            List<Expected> expected = expected(model, dtype);
            List<Expected> shortOnes = expected.subList(0, 6);
            List<Expected> longOnes = expected.subList(12, expected.size());
            if (dtype == DtypeChoice.F32) {
                for (Expected one : shortOnes) {
                    assertThat(alone(model, one.generation())).isEqualTo(one.tokens());
                }
            }
            if (way == OpenedBy.KERNELS) {
                batchedThenCached(model, expected, 2 * 128);
                preempted(model, shortOnes);
                handedOver(model, shortOnes.getFirst());
            }
            chunked(model, longOnes);
            handedOver(model, longOnes.getLast());
        }
    }

    /** Twelve short prompts and two long ones. */
    private static List<Expected> expected(OpenModel model, DtypeChoice dtype) throws IOException {
        List<Reference.Case> cases =
                Reference.read(Reference.RESOURCES.resolve("demo")).cases();
        List<Reference.Case> chosen = new ArrayList<>(cases.subList(0, 12));
        cases.stream()
                .filter(one -> one.prompt().length > 150 && one.prompt().length < 500)
                .limit(2)
                .forEach(chosen::add);
        assertThat(chosen).hasSize(14);
        List<Expected> expected = new ArrayList<>();
        for (Reference.Case one : chosen) {
            Generation generation = generation(one.name(), one);
            List<Integer> tokens = dtype == DtypeChoice.F32
                    ? Arrays.stream(one.continuation()).boxed().toList()
                    : alone(model, generation);
            assertThat(tokens).hasSize(one.continuation().length);
            expected.add(new Expected(generation, tokens));
        }
        return expected;
    }

    static void batchedThenCached(OpenModel model, List<Expected> expected, int leastCached) {
        try (Bench bench = new Bench(model, settings(Role.BOTH, 64, 512), PLENTY, UnaryOperator.identity())) {
            int cached = 0;
            for (String round : List.of("batched", "cached")) {
                Map<Expected, RecordingListener> heard = new HashMap<>();
                for (Expected one : expected) {
                    Generation generation = one.generation().toBuilder()
                            .setRequestId(round + one.generation().getRequestId())
                            .build();
                    heard.put(one, bench.admit(generation, Goal.PREFILL_AND_DECODE));
                }
                bench.settle();
                cached = 0;
                for (Expected one : expected) {
                    RecordingListener listener = Objects.requireNonNull(heard.get(one));
                    assertThat(listener.tokens)
                            .as("%s %s", round, one.generation().getRequestId())
                            .isEqualTo(one.tokens());
                    cached += listener.cachedTokens;
                }
            }
            assertThat(cached)
                    .as("tokens found in the cache in the second round")
                    .isGreaterThanOrEqualTo(leastCached);
        }
    }

    static void chunked(OpenModel model, List<Expected> longOnes) {
        int maxSequences = longOnes.size();
        try (Bench bench = new Bench(
                model, settings(Role.BOTH, maxSequences, maxSequences + 2 * BLOCK), PLENTY, UnaryOperator.identity())) {
            List<RecordingListener> heard = new ArrayList<>();
            longOnes.forEach(one -> heard.add(bench.admit(one.generation(), Goal.PREFILL_AND_DECODE)));
            bench.settle();
            assertThat(bench.reports).allMatch(report -> report.prefillRows() <= maxSequences + 2 * BLOCK);
            for (int i = 0; i < longOnes.size(); i++) {
                assertThat(heard.get(i).tokens)
                        .as("chunked %s", longOnes.get(i).generation().getRequestId())
                        .isEqualTo(longOnes.get(i).tokens());
            }
        }
    }

    private static void preempted(OpenModel model, List<Expected> few) {
        int longest = few.stream()
                .mapToInt(
                        one -> one.generation().getPromptCount() + one.tokens().size())
                .max()
                .orElseThrow();
        int blocks = Math.ceilDiv(longest, BLOCK) * 2;
        try (Bench bench = new Bench(
                model, settings(Role.BOTH, few.size(), few.size() + BLOCK), blocks, UnaryOperator.identity())) {
            List<RecordingListener> heard = new ArrayList<>();
            few.forEach(one -> heard.add(bench.admit(one.generation(), Goal.PREFILL_AND_DECODE)));
            bench.settle();
            int prompts = few.stream()
                    .mapToInt(one -> one.generation().getPromptCount())
                    .sum();
            assertThat(bench.reports.stream().mapToInt(r -> r.prefillRows()).sum())
                    .as("prompt rows, more than once where preempted")
                    .isGreaterThan(prompts);
            for (int i = 0; i < few.size(); i++) {
                assertThat(heard.get(i).tokens)
                        .as("preempted %s", few.get(i).generation().getRequestId())
                        .isEqualTo(few.get(i).tokens());
            }
        }
    }

    static void handedOver(OpenModel model, Expected one) {
        try (Bench prefill = new Bench(model, settings(Role.PREFILL, 4, 64), 128, UnaryOperator.identity());
                Bench decode = new Bench(model, settings(Role.DECODE, 4, 64), 160, UnaryOperator.identity())) {
            Generation neighbour =
                    one.generation().toBuilder().setRequestId("neighbour").build();
            decode.admit(neighbour, Goal.PREFILL_AND_DECODE);
            RecordingListener sender = prefill.admit(one.generation(), Goal.PREFILL);
            RecordingListener receiver = decode.admit(one.generation(), Goal.DECODE);
            prefill.settle();
            decode.runOnce();
            prefill.copyKv(sender.blocks, decode, receiver.blocks);
            decode.arrived(one.generation(), sender.tokens.getFirst());
            decode.settle();
            List<Integer> both = new ArrayList<>(sender.tokens);
            both.addAll(receiver.tokens);
            assertThat(both)
                    .as("handed over %s", one.generation().getRequestId())
                    .isEqualTo(one.tokens());
        }
    }

    private static List<Integer> alone(OpenModel model, Generation generation) {
        try (Bench bench = new Bench(model, settings(Role.BOTH, 1, 512), 128, UnaryOperator.identity())) {
            RecordingListener heard = bench.admit(generation, Goal.PREFILL_AND_DECODE);
            bench.settle();
            return heard.tokens;
        }
    }

    private static EngineSettings settings(Role role, int maxSequences, int stepTokens) {
        return new EngineSettings(role, maxSequences, stepTokens, 256, Patience.DEFAULT);
    }

    static Generation generation(String id, Reference.Case one) {
        Stopping.Builder stopping =
                Stopping.newBuilder().setMaxTokens(one.continuation().length).setIgnoreEos(true);
        return Bench.generation(id, Arrays.stream(one.prompt()).boxed().toList(), 1).toBuilder()
                .setStopping(stopping)
                .build();
    }
}
