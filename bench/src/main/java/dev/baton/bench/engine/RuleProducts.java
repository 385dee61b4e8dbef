package dev.baton.bench.engine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.baton.bench.engine.RuleOperands.Twin;
import dev.baton.kernel.Kernels;
import dev.baton.kernel.MatrixView;
import dev.baton.kernel.WeightType;
import dev.baton.kernel.Weights;
import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchArgument;
import dev.baton.libtorch.TorchDtype;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The four products of each of so many layers that their weights come from memory and not from a cache. */
final class RuleProducts implements RuleBench.Work {
    private static final long WEIGHTS = 48L << 20;

    /** One product: ours, and libtorch's by the name of its type. */
    private record Product(Weights weights, MatrixView in, MatrixView out, List<TorchArgument[]> free) {}

    private final Kernels kernels;
    private final Torch torch;
    private final RuleOperands operands;
    private final List<Product> products = new ArrayList<>();
    private final int rows;
    private final int layers;

    RuleProducts(Kernels kernels, Torch torch, RandomCheckpoint shape, int rows) {
        this.kernels = kernels;
        this.torch = torch;
        this.rows = rows;
        operands = new RuleOperands(torch);
        long hidden = shape.hidden();
        long dim = hidden / shape.heads().query();
        long inner = shape.widths().intermediate();
        List<Weights.Size> sizes = List.of(
                new Weights.Size((shape.heads().query() + 2L * shape.heads().keyValue()) * dim, hidden),
                new Weights.Size(hidden, hidden),
                new Weights.Size(2 * inner, hidden),
                new Weights.Size(hidden, inner));
        long each =
                sizes.stream().mapToLong(size -> size.outputs() * size.inputs()).sum();
        layers = Math.toIntExact(Math.ceilDiv(WEIGHTS, each));
        for (int layer = 0; layer < layers; layer++) {
            sizes.forEach(size -> products.add(product(size)));
        }
    }

    private Product product(Weights.Size size) {
        Twin matrix = operands.random(size.outputs() * size.inputs(), 1);
        Twin in = operands.random(rows * size.inputs(), 1);
        MemorySegment packed = operands.arena.allocate(WeightType.BF16.packedBytes(size.outputs(), size.inputs()), 64);
        kernels.pack(WeightType.BF16, matrix.bf16(), new Kernels.RowRange(0, size.outputs()), size.inputs(), packed);
        List<TorchArgument[]> free = new ArrayList<>();
        RuleOperands.TYPES.forEach(type -> free.add(new TorchArgument[] {
            operands.tensor(in, type, rows, size.inputs()),
            operands.tensor(matrix, type, size.outputs(), size.inputs()),
            operands.zeros(type, rows, size.outputs())
        }));
        MemorySegment out = operands.arena.allocate(rows * size.outputs() * 4, 64);
        return new Product(
                new Weights(WeightType.BF16, packed, size, null, null),
                new MatrixView(in.f32(), size.inputs()),
                new MatrixView(out, size.outputs()),
                free);
    }

    @Override
    public String name() {
        return "products, %d row%s, %d layers".formatted(rows, rows == 1 ? "" : "s", layers);
    }

    @Override
    public void ours() {
        products.forEach(each -> kernels.product(each.weights, each.in, rows, each.out));
    }

    @Override
    public void free(TorchDtype type) {
        for (Product each : products) {
            torch.call("product", each.free.get(RuleOperands.TYPES.indexOf(type)));
        }
    }

    @Override
    public void compare() {
        ours();
        for (TorchDtype type : RuleOperands.TYPES) {
            free(type);
            for (Product each : products) {
                long count = rows * each.weights.size().outputs();
                try (TorchArgument plain = torch.apply("plain", each.free.get(RuleOperands.TYPES.indexOf(type))[2])) {
                    MemorySegment made = torch.memory(plain, count * 4);
                    for (long i = 0; i < count; i += 97) {
                        float own = each.out.at().getAtIndex(JAVA_FLOAT, i);
                        RuleOperands.compare(
                                name() + " of libtorch, " + type,
                                own,
                                made.getAtIndex(JAVA_FLOAT, i),
                                Math.sqrt(each.weights.size().inputs()));
                    }
                }
            }
        }
    }

    @Override
    public void close() {
        operands.close();
    }
}
