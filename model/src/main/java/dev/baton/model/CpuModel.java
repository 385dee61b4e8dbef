package dev.baton.model;

import dev.baton.checkpoint.ModelFiles;
import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelShape;
import dev.baton.engine.OpenModel;
import dev.baton.kernel.Kernels;
import dev.baton.kernel.WeightType;
import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A model for the CPU: Baton's own kernels over packed weights, and embeddings gathered from the mapped file. */
final class CpuModel implements OpenModel {
    /** Changes whenever the bits that the kernels make change. */
    private static final int NUMERIC_PATH = 4;

    /** The same for products of groups. */
    private static final int GROUPS_PATH = 1;

    final ModelConfig config;
    final Kernels kernels;
    final List<LayerWeights> layers;
    final Ends ends;
    final List<RopeTable> ropes;
    private final ModelSettings settings;
    private final Checkpoint checkpoint;
    private final Arena arena;
    private final KvDtype dtype;
    private final long fingerprint;
    private final Set<Integer> stopTokens;
    private final Set<WeightType> types;
    private boolean exact;

    /** What comes before the first layer and after the last. */
    record Ends(Embedding embedding, MemorySegment norm, Linear head) {}

    private CpuModel(
            ModelSettings settings,
            ModelFiles files,
            Checkpoint checkpoint,
            Kernels kernels,
            Arena arena,
            Models.LoadProgress progress)
            throws IOException {
        this.settings = settings;
        this.checkpoint = checkpoint;
        this.kernels = kernels;
        this.arena = arena;
        config = ModelConfig.read(files, settings.context());
        dtype = settings.precision().kv();
        stopTokens = config.stopTokens(files);
        WeightLoader loader = new WeightLoader(
                config,
                checkpoint,
                kernels,
                arena,
                new WeightProgress(progress, settings.precision(), checkpoint.bytes()));
        List<Integer> windows = config.windows();
        List<LayerWeights> read = new ArrayList<>();
        for (int i = 0; i < config.layers; i++) {
            read.add(loader.layer(i, windows.get(i)));
        }
        layers = List.copyOf(read);
        StoredTensor table = loader.embedding();
        Linear head = loader.head();
        MemorySegment norm = loader.finalNorm();
        Rope everywhere = config.ropeFor(false);
        Rope sliding = config.ropeFor(true);
        RopeTable full = new RopeTable(everywhere, config.maxContext, arena);
        ropes = List.of(full, sliding.equals(everywhere) ? full : new RopeTable(sliding, config.maxContext, arena));
        types = Stream.concat(layers.stream().flatMap(LayerWeights::types), head.types())
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(WeightType.class)));
        fingerprint = identity().value();
        ends = new Ends(new Embedding(table, config.embeddingScale()), norm, head);
    }

    /** What makes its fingerprint. */
    ModelFingerprint identity() {
        ModelFingerprint of = new ModelFingerprint(
                "cpu " + NUMERIC_PATH,
                config,
                checkpoint.digest(),
                settings.precision(),
                settings.blockTokens(),
                stopTokens);
        return groups() ? of.with("groups path", Integer.toString(GROUPS_PATH)) : of;
    }

    static CpuModel open(ModelSettings settings, Models.LoadProgress progress) throws IOException {
        ModelFiles files = ModelFiles.of(settings.folder());
        Checkpoint checkpoint = Checkpoint.open(files, settings.precision());
        Arena arena = Arena.ofShared();
        Kernels kernels = Kernels.open(settings.threads());
        CpuModel model;
        try {
            model = new CpuModel(settings, files, checkpoint, kernels, arena, progress);
        } catch (IOException | RuntimeException e) {
            kernels.close();
            arena.close();
            checkpoint.close();
            throw e;
        }
        try {
            model.exact = model.checkItself();
            return model;
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private boolean checkItself() {
        if (settings.threads() == 1) {
            return SelfCheck.holds(this, SelfCheck.OF_OUR_KERNELS, this::bind);
        }
        try (Kernels single = Kernels.open(1)) {
            return SelfCheck.holds(
                    this, SelfCheck.OF_OUR_KERNELS, this::bind, region -> new CpuRunner(this, region, single));
        }
    }

    @Override
    public KvLayout layout(int blocks) {
        return config.layout(settings.blockTokens(), dtype, blocks).withTurnedKeys();
    }

    @Override
    public ModelShape shape(int blocks) {
        return new ModelShape(
                settings.name(),
                fingerprint,
                config.vocab,
                config.maxContext,
                stopTokens,
                layout(blocks),
                exact,
                arithmetic(),
                "%s, own products (%s), %d threads".formatted(arithmetic(), kernels.name(), settings.threads()));
    }

    private String arithmetic() {
        String products = switch (settings.precision().weights()) {
            case STORED, BF16, INT4 ->
                names() + " weights, "
                        + (groups()
                                ? "groups times int8 activations scaled per group of 32, f32 between groups"
                                : "f32 arithmetic");
            case INT8 -> "int8 weights scaled per output, f32 arithmetic";
            case W8A8 -> "int8 weights scaled per output times int8 activations scaled per token, f32 between products";
        };
        return products + ", " + dtype + " KV";
    }

    private boolean groups() {
        return types.stream().anyMatch(WeightType::grouped);
    }

    private String names() {
        return types.stream().map(WeightType::name).collect(Collectors.joining(" and "));
    }

    @Override
    public ModelRunner bind(KvRegion region) {
        return new CpuRunner(this, region, kernels);
    }

    @Override
    public void close() {
        kernels.close();
        arena.close();
        checkpoint.close();
    }
}
