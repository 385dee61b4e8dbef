package dev.baton.bench.masks;

import dev.baton.bench.masks.MaskBench.Tokens;
import dev.baton.engine.sampling.Sampler;
import dev.baton.engine.sampling.SamplingParameters;
import dev.baton.engine.sampling.SequenceSampling;
import dev.baton.engine.sampling.StoppingRule;
import dev.baton.engine.sampling.TokenCounts;
import dev.baton.grammar.Grammar;
import dev.baton.grammar.RandomSchema;
import dev.baton.grammar.TokenGrammar;
import dev.baton.kernel.LogitKernels;
import dev.baton.protocol.v1.Sampling;
import dev.baton.protocol.v1.Structure;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;

/**
 * Draws one answer to each of many random schemas, with the sampler and the masks that workers use and the logits of a
 * model that knows nothing, and has each checked by a validator that is not ours.
 */
final class RandomAnswers {
    /** Of logits; each token takes one of them by chance. */
    private static final int ROWS = 64;

    private static final int MOST_SHOWN = 5;

    private final MaskOptions options;
    private final Tokens tokens;
    private final MemorySegment logits;

    RandomAnswers(MaskOptions options, Tokens tokens) {
        this.options = options;
        this.tokens = tokens;
        this.logits = RandomLogits.of(tokens.vocabulary().size(), ROWS);
    }

    /** @param fault why it is invalid; empty where it is valid or was cut */
    private record Drawn(long seed, boolean ended, int tokens, String fault) {}

    boolean run(PrintStream out) {
        long start = System.nanoTime();
        List<Drawn> all = new ArrayList<>();
        AtomicInteger next = new AtomicInteger();
        try (ExecutorService threads = Executors.newFixedThreadPool(options.threads())) {
            List<Callable<List<Drawn>>> parts = new ArrayList<>();
            for (int i = 0; i < options.threads(); i++) {
                parts.add(() -> part(next));
            }
            for (Future<List<Drawn>> part : threads.invokeAll(parts)) {
                all.addAll(part.get());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException("an answer could not be drawn", e.getCause());
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        List<Drawn> invalid = all.stream().filter(one -> !one.fault().isEmpty()).toList();
        long ended = all.stream().filter(Drawn::ended).count();
        long drawn = all.stream().mapToLong(Drawn::tokens).sum();
        out.printf(
                Locale.ROOT,
                "%,d answers to random schemas at temperature %.1f: %d invalid; %.2f %% end by stop, the rest by length (%,d"
                        + " tokens)%n%,d tokens in %.0f s, checks included%n",
                all.size(),
                options.temperature(),
                invalid.size(),
                100.0 * ended / all.size(),
                options.maxTokens(),
                drawn,
                seconds);
        invalid.stream()
                .limit(MOST_SHOWN)
                .forEach(one -> out.printf(
                        "seed %d: %s%n%s%n",
                        one.seed(),
                        one.fault().substring(0, Math.min(400, one.fault().length())),
                        new RandomSchema(one.seed()).next()));
        return invalid.isEmpty();
    }

    private List<Drawn> part(AtomicInteger next) {
        Sampler sampler = new Sampler(tokens.vocabulary().size(), LogitKernels.open());
        List<Drawn> drawn = new ArrayList<>();
        for (int i = next.getAndIncrement(); i < options.answers(); i = next.getAndIncrement()) {
            drawn.add(draw(options.seed() + i, sampler));
        }
        return drawn;
    }

    private Drawn draw(long seed, Sampler sampler) {
        JsonNode schema = new RandomSchema(seed).next();
        TokenGrammar grammar = new TokenGrammar(
                Grammar.of(
                        Structure.newBuilder().setJsonSchema(schema.toString()).build()),
                tokens.vocabulary());
        SequenceSampling sequence = new SequenceSampling(
                SamplingParameters.of(Sampling.newBuilder()
                        .setTemperature((float) options.temperature())
                        .setSeed(seed)
                        .build()),
                new StoppingRule(tokens.stops(), 0, options.maxTokens()),
                new TokenCounts(new int[0], 0),
                new Masked(grammar.matcher()));
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int step = 0; step < options.maxTokens(); step++) {
            int row =
                    (int) Math.floorMod((seed * 0x9E3779B97F4A7C15L + step * 0xD1B54A32D192ED03L) >>> 32, (long) ROWS);
            int token = sampler.draw(logits, row, step, sequence).token();
            sequence.add(token);
            if (tokens.stops().contains(token)) {
                return new Drawn(seed, true, step + 1, AnswerCheck.fault(schema, text.toByteArray()));
            }
            byte[] bytes = tokens.spellings().bytes().get(token);
            if (bytes == null) {
                return new Drawn(seed, true, step + 1, "a token without text was allowed: " + token);
            }
            text.writeBytes(bytes);
        }
        return new Drawn(seed, false, options.maxTokens(), "");
    }
}
