package dev.baton.bench.engine.exact;

import dev.baton.bench.engine.exact.Pool.Running;
import dev.baton.engine.OpenModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * The same texts in every arrangement of the work. The first arrangement that reaches a position says what its KV and
 * logits are; run over several models (one with one thread, one with two), all later ones must make the same.
 */
public final class ExactMatrix {
    /** Most sequences of a batch. */
    public static final int MOST = 16;

    private static final int STEPS = 4;
    private static final int[] ODD = {1, 7, 64, 129};

    private final Sizes sizes;
    private final Text text;
    private final List<Text> company = new ArrayList<>();

    /**
     * Bounds of the work.
     *
     * @param length tokens of the long text
     * @param single tokens of it that are also computed one by one
     */
    public record Sizes(int length, int single) {
        public Sizes {
            if (single < 3 * STEPS || single >= length) {
                throw new IllegalArgumentException("%d tokens one by one of %d: less than all, and at least %d"
                        .formatted(single, length, 3 * STEPS));
            }
        }
    }

    public ExactMatrix(int vocab, Sizes sizes) {
        this.sizes = sizes;
        text = new Text(sizes.length, vocab, 1);
        for (int i = 0; i < MOST; i++) {
            company.add(new Text(prompt(i) + STEPS, vocab, 2 + i));
        }
    }

    /** From 5 to 65 tokens: within a block, a whole one, and a bit more. */
    private static int prompt(int of) {
        return 5 + of * 29 % 61;
    }

    /**
     * Runs everything on the model.
     *
     * @param listener hears of each arrangement when it is done
     * @return whether nothing differed
     */
    public boolean run(OpenModel model, Consumer<Comparison> listener) {
        List<Comparison> all = new ArrayList<>();
        Consumer<Comparison> heard = comparison -> {
            all.add(comparison);
            listener.accept(comparison);
        };
        chunks(model, heard);
        oneByOne(model, heard);
        prefixHit(model, heard);
        handoff(model, heard);
        preemption(model, heard);
        batches(model, heard);
        return all.stream().allMatch(comparison -> comparison.kvDiffer() + comparison.logitsDiffer() == 0);
    }

    private void chunks(OpenModel model, Consumer<Comparison> heard) {
        heard.accept(inChunks(model, "one chunk", sizes.length));
        heard.accept(inChunks(model, "chunks of 1, 7, 64, 129 and the rest", ODD));
        heard.accept(inChunks(model, "chunks of 64", 64));
        heard.accept(inChunks(model, "chunks of 100", 100));
    }

    /** Chunks of these sizes, in order; the last size for all that follow, or, where several are given, the rest at once. */
    private Comparison inChunks(OpenModel model, String arrangement, int... chunks) {
        try (Pool pool = new Pool(model, blocks(model, text))) {
            Running running = pool.start(text);
            Comparison result = new Comparison(arrangement);
            for (int i = 0; running.done() < sizes.length; i++) {
                int rest = sizes.length - running.done();
                int chunk = i < chunks.length ? chunks[i] : chunks.length == 1 ? chunks[0] : rest;
                result = result.plus(pool.forward(arrangement, List.of(running), Math.min(chunk, rest)));
            }
            return result.plus(running.compareKv(arrangement));
        }
    }

    private void oneByOne(OpenModel model, Consumer<Comparison> heard) {
        String arrangement = "token by token, %d tokens".formatted(sizes.single);
        try (Pool pool = new Pool(model, blocks(model, text))) {
            Running running = pool.start(text);
            heard.accept(steps(pool, arrangement, running, sizes.single).plus(running.compareKv(arrangement)));
        }
    }

    private static Comparison steps(Pool pool, String arrangement, Running running, int until) {
        Comparison result = new Comparison(arrangement);
        while (running.done() < until) {
            result = result.plus(pool.forward(arrangement, List.of(running), 1));
        }
        return result;
    }

    /** The second sequence shares the blocks of the first, computed in chunks, and computes the rest itself. */
    private void prefixHit(OpenModel model, Consumer<Comparison> heard) {
        try (Pool pool = new Pool(model, 2 * blocks(model, text))) {
            Running first = pool.start(text);
            int cached = Math.max(sizes.single, sizes.length * 2 / 3);
            Comparison result = pool.forward("prefix hit", List.of(first), cached);
            Running second = pool.startWithPrefixOf(first, cached);
            String arrangement = "prefix hit of %d tokens".formatted(second.done());
            result = new Comparison(arrangement).plus(result);
            int half = (sizes.length - second.done()) / 2;
            result = result.plus(pool.forward(arrangement, List.of(second), half));
            result = result.plus(pool.forward(arrangement, List.of(second), sizes.length - second.done()));
            heard.accept(result.plus(second.compareKv(arrangement)));
        }
    }

    /** Prefill in one pool, decode in another, in company. */
    private void handoff(OpenModel model, Consumer<Comparison> heard) {
        String arrangement = "handoff to another pool, then steps in company";
        Text neighbour = company.getLast();
        int prompt = neighbour.length() - STEPS;
        int moved = sizes.single - STEPS;
        try (Pool prefill = new Pool(model, blocks(model, text));
                Pool decode = new Pool(model, 3 + 2 * blocks(model, text) + blocks(model, neighbour))) {
            Running local = decode.start(neighbour);
            Comparison result = decode.forward(arrangement, List.of(local), prompt);
            Running sent = prefill.start(text);
            result = result.plus(prefill.forward(arrangement, List.of(sent), moved));
            Running received = decode.receive(prefill, sent);
            for (int step = 0; step < STEPS; step++) {
                result = result.plus(decode.forward(arrangement, List.of(local, received), 1, 1));
            }
            heard.accept(result.plus(received.compareKv(arrangement)).plus(local.compareKv(arrangement)));
        }
    }

    /** What was computed in a chunk and then in steps is computed again in one chunk, and goes on. */
    private void preemption(OpenModel model, Consumer<Comparison> heard) {
        String arrangement = "preempted, computed again in other blocks";
        try (Pool pool = new Pool(model, 2 * blocks(model, text))) {
            Running running = pool.start(text);
            int before = sizes.single - STEPS;
            Comparison result = pool.forward(arrangement, List.of(running), before - STEPS);
            result = result.plus(steps(pool, arrangement, running, before));
            running.preempted();
            result = result.plus(pool.forward(arrangement, List.of(running), before));
            result = result.plus(steps(pool, arrangement, running, sizes.single));
            heard.accept(result.plus(running.compareKv(arrangement)));
        }
    }

    private void batches(OpenModel model, Consumer<Comparison> heard) {
        int blocks = company.stream().mapToInt(one -> blocks(model, one)).sum();
        try (Pool pool = new Pool(model, blocks)) {
            String arrangement = "%d other texts alone, prompt and %d steps".formatted(MOST, STEPS);
            Comparison result = new Comparison(arrangement);
            for (Text one : company) {
                Running running = pool.start(one);
                result = result.plus(pool.forward(arrangement, List.of(running), one.length() - STEPS));
                result = result.plus(steps(pool, arrangement, running, one.length()));
                result = result.plus(running.compareKv(arrangement));
            }
            heard.accept(result);
        }
        try (Pool pool = new Pool(model, blocks)) {
            String arrangement = "%d prompts in one batch".formatted(MOST);
            List<Running> running = company.stream().map(pool::start).toList();
            int[] prompts =
                    company.stream().mapToInt(one -> one.length() - STEPS).toArray();
            Comparison result = pool.forward(arrangement, running, prompts);
            heard.accept(result.plus(compareKv(arrangement, running)));
            for (int batch = 2; batch <= MOST; batch++) {
                heard.accept(stepsInBatch(pool, running, batch));
            }
        }
        try (Pool pool = new Pool(model, blocks)) {
            heard.accept(mixed(pool));
        }
    }

    /** Prompts in chunks of all sizes beside steps of those that are through with theirs. */
    private Comparison mixed(Pool pool) {
        String arrangement = "%d prompts in chunks beside steps of others".formatted(MOST);
        List<Running> running = company.stream().map(pool::start).toList();
        Comparison result = new Comparison(arrangement);
        while (true) {
            List<Running> batch = running.stream()
                    .filter(one -> one.done() < one.text.length())
                    .toList();
            if (batch.isEmpty()) {
                return result.plus(compareKv(arrangement, running));
            }
            int[] counts = batch.stream()
                    .mapToInt(one -> {
                        int left = one.text.length() - STEPS - one.done();
                        return left <= 0 ? 1 : Math.min(left, 3 + 7 * running.indexOf(one) % 23);
                    })
                    .toArray();
            result = result.plus(pool.forward(arrangement, batch, counts));
        }
    }

    /** Takes others of the sixteen for each size, in another order. */
    private static Comparison stepsInBatch(Pool pool, List<Running> all, int size) {
        String arrangement = "steps in a batch of %d".formatted(size);
        List<Running> batch = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            Running one = all.get((i * 5 + size * 3) % MOST);
            one.back(one.text.length() - STEPS);
            batch.add(one);
        }
        int[] ones = new int[size];
        Arrays.fill(ones, 1);
        Comparison result = new Comparison(arrangement);
        for (int step = 0; step < STEPS; step++) {
            result = result.plus(pool.forward(arrangement, batch, ones));
        }
        return result.plus(compareKv(arrangement, batch));
    }

    private static Comparison compareKv(String arrangement, List<Running> running) {
        Comparison result = new Comparison(arrangement);
        for (Running one : running) {
            result = result.plus(one.compareKv(arrangement));
        }
        return result;
    }

    private static int blocks(OpenModel model, Text text) {
        return model.layout(1).blocksFor(text.length());
    }
}
