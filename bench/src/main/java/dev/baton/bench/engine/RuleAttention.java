package dev.baton.bench.engine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.baton.bench.engine.RuleOperands.Twin;
import dev.baton.kernel.Attention;
import dev.baton.kernel.Kernels;
import dev.baton.kernel.MatrixView;
import dev.baton.kv.KvDtype;
import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchArgument;
import dev.baton.libtorch.TorchDtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Attention of layers. A step: each sequence's newest token looks at all of its context; libtorch takes the heads that share
 * keys as rows of one call. A prompt: ours in chunks of 512, libtorch's in one causal call over keys and values that were
 * spread over all heads before.
 */
final class RuleAttention implements RuleBench.Work {
    /** @param layers so many that their KV comes from memory in a step */
    record Arrangement(String name, int sequences, int tokens, boolean step, int layers) {}

    static final List<Arrangement> ARRANGEMENTS = List.of(
            new Arrangement("attention, 8 steps at 528 tokens, 10 layers", 8, 528, true, 10),
            new Arrangement("attention, prompt of 512, 2 layers", 1, 512, false, 2),
            new Arrangement("attention, prompt of 4,096, 1 layer", 1, 4096, false, 1));

    private static final int BLOCK = 64;
    private static final int CHUNK = 512;

    /** Keys and values are [sequence][token][KV head][element], queries and results [row][head][element]. */
    private record Layer(
            MemorySegment pool, Twin query, Twin keys, Twin values, MemorySegment out, List<TorchArgument[]> free) {}

    private final Kernels kernels;
    private final Torch torch;
    private final RuleOperands operands;
    private final Arrangement arrangement;
    private final Attention.Heads heads;
    private final int dim;
    private final TorchArgument causal;
    private final List<Layer> layers = new ArrayList<>();

    RuleAttention(Kernels kernels, Torch torch, RandomCheckpoint shape, Arrangement arrangement) {
        this.kernels = kernels;
        this.torch = torch;
        this.arrangement = arrangement;
        operands = new RuleOperands(torch);
        dim = shape.hidden() / shape.heads().query();
        heads = new Attention.Heads(shape.heads().query(), shape.heads().keyValue(), dim, dim);
        causal = torch.flag(!arrangement.step);
        for (int i = 0; i < arrangement.layers; i++) {
            layers.add(layer());
        }
        layers.forEach(this::fill);
    }

    private int rows() {
        return arrangement.step ? arrangement.sequences : arrangement.tokens;
    }

    private int blocks() {
        return Math.ceilDiv(arrangement.tokens, BLOCK);
    }

    private long blockBytes() {
        return 2L * heads.kvHeads() * BLOCK * dim * 2;
    }

    private Layer layer() {
        long cached = (long) arrangement.sequences * arrangement.tokens * heads.kvHeads() * dim;
        Twin query = operands.random((long) rows() * heads.heads() * dim, 1);
        Twin keys = operands.random(cached, 1);
        Twin values = operands.random(cached, 1);
        List<TorchArgument[]> free = new ArrayList<>();
        int seen = arrangement.step ? heads.kvHeads() : heads.heads();
        RuleOperands.TYPES.forEach(type -> free.add(new TorchArgument[] {
            operands.tensor(
                    turned(
                            query,
                            arrangement.step ? arrangement.sequences : 1,
                            arrangement.step ? 1 : rows(),
                            heads.heads(),
                            1),
                    type,
                    arrangement.sequences,
                    seen,
                    arrangement.step ? heads.heads() / seen : rows(),
                    dim),
            operands.tensor(headsFirst(keys, seen), type, arrangement.sequences, seen, arrangement.tokens, dim),
            operands.tensor(headsFirst(values, seen), type, arrangement.sequences, seen, arrangement.tokens, dim),
            causal
        }));
        return new Layer(
                operands.arena.allocate(arrangement.sequences * blocks() * blockBytes(), 64),
                query,
                keys,
                values,
                operands.arena.allocate((long) rows() * heads.heads() * dim * 4, 64),
                free);
    }

    private Twin headsFirst(Twin of, int seen) {
        return turned(of, arrangement.sequences, arrangement.tokens, heads.kvHeads(), seen / heads.kvHeads());
    }

    /** [sequence][token][head] as [sequence][head][token], each head so many times. */
    private Twin turned(Twin of, int sequences, int tokens, int count, int times) {
        long all = (long) sequences * tokens * count * times * dim;
        Twin to = new Twin(operands.arena.allocate(all * 4, 64), operands.arena.allocate(all * 2, 64));
        long at = 0;
        for (int s = 0; s < sequences; s++) {
            for (int h = 0; h < count * times; h++) {
                for (int t = 0; t < tokens; t++, at += dim) {
                    long from = (((long) s * tokens + t) * count + h / times) * dim;
                    MemorySegment.copy(of.f32(), from * 4, to.f32(), at * 4, dim * 4L);
                    MemorySegment.copy(of.bf16(), from * 2, to.bf16(), at * 2, dim * 2L);
                }
            }
        }
        return to;
    }

    /** Puts what comes before a step's token into the blocks. */
    private void fill(Layer layer) {
        for (int s = 0; s < arrangement.sequences; s++) {
            for (int t = 0; t < arrangement.tokens; t++) {
                long block = ((long) s * blocks() + t / BLOCK) * blockBytes();
                for (int h = 0; h < heads.kvHeads(); h++) {
                    long from = (((long) s * arrangement.tokens + t) * heads.kvHeads() + h) * dim * 2;
                    long head = block + (long) h * BLOCK * dim * 2;
                    for (int word = 0; word < dim / 2; word++) {
                        long to = head + ((long) word * BLOCK + t % BLOCK) * 4;
                        MemorySegment.copy(layer.keys.bf16(), from + word * 4L, layer.pool, to, 4);
                    }
                    long to = head + blockBytes() / 2 + (long) (t % BLOCK) * dim * 2;
                    MemorySegment.copy(layer.values.bf16(), from, layer.pool, to, dim * 2L);
                }
            }
        }
    }

    @Override
    public String name() {
        return arrangement.name;
    }

    @Override
    public void ours() {
        layers.forEach(layer -> {
            for (int from = 0; from < rows(); from += arrangement.step ? rows() : CHUNK) {
                attend(layer, from, Math.min(rows(), from + CHUNK) - from);
            }
        });
    }

    private void attend(Layer layer, int from, int count) {
        long cached = (long) heads.kvHeads() * dim;
        long wide = (long) heads.heads() * dim;
        try (Arena arena = Arena.ofConfined()) {
            int slices = arrangement.sequences;
            MemorySegment slice = arena.allocate(JAVA_INT, 4L * slices);
            MemorySegment blocks = arena.allocate(JAVA_INT, (long) slices * blocks());
            for (int i = 0; i < slices * blocks(); i++) {
                blocks.setAtIndex(JAVA_INT, i, i);
            }
            for (int s = 0; s < slices; s++) {
                int[] of = {
                    s, arrangement.step ? 1 : count, arrangement.step ? arrangement.tokens - 1 : from, s * blocks()
                };
                for (int i = 0; i < 4; i++) {
                    slice.setAtIndex(JAVA_INT, s * 4L + i, of[i]);
                }
            }
            long first = arrangement.step ? arrangement.tokens - 1 : from;
            long apart =
                    arrangement.step ? arrangement.tokens * cached : cached; // newest tokens, or one after the other
            kernels.attention(
                    heads,
                    new Attention.Rule((float) (1 / Math.sqrt(dim)), 0, 0),
                    new Attention.Pool(layer.pool, KvDtype.BF16, BLOCK, blockBytes()),
                    new Attention.Batch(slice, blocks, slices, count),
                    new Attention.Operands(
                            new MatrixView(layer.query.f32().asSlice(from * wide * 4), wide),
                            new MatrixView(layer.keys.f32().asSlice(first * cached * 4), apart),
                            new MatrixView(layer.values.f32().asSlice(first * cached * 4), apart),
                            new MatrixView(layer.out.asSlice(from * wide * 4), wide)));
        }
    }

    @Override
    public void free(TorchDtype type) {
        layers.forEach(layer -> torch.apply("attend", layer.free.get(RuleOperands.TYPES.indexOf(type)))
                .close());
    }

    @Override
    public void compare() {
        ours();
        for (TorchDtype type : RuleOperands.TYPES) {
            for (Layer layer : layers) {
                try (TorchArgument made = torch.apply("attend", layer.free.get(RuleOperands.TYPES.indexOf(type)));
                        TorchArgument plain = torch.apply("plain", made)) {
                    compare(layer, torch.memory(plain, layer.out.byteSize()), type);
                }
            }
        }
    }

    private void compare(Layer layer, MemorySegment theirs, TorchDtype type) {
        for (int row = 0; row < rows(); row++) {
            for (int h = 0; h < heads.heads(); h++) {
                long at = arrangement.step ? (long) row * heads.heads() + h : (long) h * rows() + row;
                RuleOperands.compare(
                        name() + " of libtorch, " + type,
                        layer.out.getAtIndex(JAVA_FLOAT, ((long) row * heads.heads() + h) * dim),
                        theirs.getAtIndex(JAVA_FLOAT, at * dim),
                        1);
            }
        }
    }

    @Override
    public void close() {
        causal.close();
        operands.close();
    }
}
