package dev.baton.model.torch;

import dev.baton.checkpoint.ModelFiles;
import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelShape;
import dev.baton.engine.OpenModel;
import dev.baton.kv.KvDtype;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.libtorch.Torch;
import dev.baton.libtorch.TorchArgument;
import dev.baton.libtorch.TorchDevice;
import dev.baton.libtorch.TorchDtype;
import dev.baton.model.Checkpoint;
import dev.baton.model.ModelConfig;
import dev.baton.model.ModelFingerprint;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.Precision;
import dev.baton.model.ModelSettings.WeightChoice;
import dev.baton.model.Models;
import dev.baton.model.Rope;
import dev.baton.model.RopeTable;
import dev.baton.model.SelfCheck;
import dev.baton.model.UnsupportedModelException;
import dev.baton.model.WeightProgress;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A model on a torch device: weights copied there once, the forward pass TorchScript, products and attention libtorch's. */
public final class TorchModel implements OpenModel {
    /** Changes whenever the bits that the script makes change. */
    private static final int NUMERIC_PATH = 3;

    final ModelConfig config;
    final TorchDevice device;
    final Torch torch;
    final TorchArgument embedding;
    final TorchArgument norm;
    final TorchArgument head;
    final List<Layer> layers;
    final List<RopeTable> ropes;

    /** Whether parts of a prompt attend without a mask. */
    final boolean flash;

    private final ModelSettings settings;
    private final TorchWeights weights;
    private final Arena arena;
    private final long fingerprint;
    private final Set<Integer> stopTokens;
    private boolean exact;

    /**
     * One layer.
     *
     * @param weights one list of tensors
     * @param before method that runs before attention, {@code after} the one after it
     * @param window tokens a row sees, 0 for all
     */
    record Layer(TorchArgument weights, String before, String after, int window) {}

    private TorchModel(
            ModelSettings settings,
            ModelFiles files,
            Checkpoint checkpoint,
            TorchDevice device,
            Arena arena,
            Models.LoadProgress progress)
            throws IOException {
        this.settings = settings;
        this.device = device;
        this.arena = arena;
        config = ModelConfig.read(files, settings.context());
        stopTokens = config.stopTokens(files);
        List<TorchRecipe> recipes = new ArrayList<>();
        for (int i = 0; i < config.layers; i++) {
            recipes.add(new TorchRecipe(config, checkpoint, i));
        }
        List<TorchRecipe.Slots> kinds =
                recipes.stream().map(TorchRecipe::slots).distinct().toList();
        torch = new Torch(
                new TorchScript(config, settings.blockTokens(), TorchDtype.valueOf(kv().name())).source(kinds));
        weights = new TorchWeights(
                config,
                checkpoint,
                new WeightProgress(progress, settings.precision(), checkpoint.bytes()),
                torch,
                device);
        try {
            List<Integer> windows = config.windows();
            List<Layer> read = new ArrayList<>();
            for (int i = 0; i < config.layers; i++) {
                int kind = kinds.indexOf(recipes.get(i).slots());
                read.add(new Layer(weights.layer(recipes.get(i)), "before" + kind, "after" + kind, windows.get(i)));
            }
            layers = List.copyOf(read);
            embedding = weights.embedding();
            head = weights.head(embedding);
            norm = weights.finalNorm();
            flash = device.kind() == TorchDevice.Kind.CUDA
                    && config.attentionSoftcap == 0
                    && FlashCheck.passes(torch, device, TorchDtype.valueOf(kv().name()), config);
        } catch (RuntimeException e) {
            weights.close();
            torch.close();
            throw e;
        }
        Rope everywhere = config.ropeFor(false);
        Rope sliding = config.ropeFor(true);
        RopeTable full = new RopeTable(everywhere, config.maxContext, arena);
        ropes = sliding.equals(everywhere)
                ? List.of(full)
                : List.of(full, new RopeTable(sliding, config.maxContext, arena));
        fingerprint = new ModelFingerprint(
                        "torch " + NUMERIC_PATH,
                        config,
                        checkpoint.digest(),
                        settings.precision(),
                        settings.blockTokens(),
                        stopTokens)
                .with(
                        "device",
                        switch (device.kind()) {
                            case CPU -> "cpu";
                            case CUDA -> "cuda";
                        })
                .with("attention of prompts", flash ? "flash" : "masked")
                .value();
    }

    /** @param device usable: see {@link Torch#require} */
    public static TorchModel open(ModelSettings settings, TorchDevice device, Models.LoadProgress progress)
            throws IOException {
        if (settings.precision().weights() != WeightChoice.STORED) {
            throw new UnsupportedModelException("weights rounded to %s are not offered on %s: STORED is, or the CPU"
                    .formatted(settings.precision().weights(), device));
        }
        Arena arena = Arena.ofShared();
        TorchModel model;
        ModelFiles files = ModelFiles.of(settings.folder());
        try (Checkpoint checkpoint = Checkpoint.open(files, blocksAsBf16(settings.precision()))) {
            model = new TorchModel(settings, files, checkpoint, device, arena, progress);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
        try {
            model.exact = SelfCheck.holds(model, SelfCheck.OF_A_LIBRARY, model::bind);
            return model;
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** A device has no product of stored groups. */
    private static Precision blocksAsBf16(Precision precision) {
        return new Precision(precision.dtype(), WeightChoice.BF16);
    }

    private KvDtype kv() {
        return settings.precision().kv();
    }

    @Override
    public KvLayout layout(int blocks) {
        return config.layout(settings.blockTokens(), kv(), blocks);
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
                "%s, libtorch on %s, %s".formatted(arithmetic(), device, attention()));
    }

    private String arithmetic() {
        return "%s products, f32 between, %s KV"
                .formatted(
                        settings.precision().dtype() == ModelSettings.DtypeChoice.F32 ? "f32" : "16-bit as stored",
                        kv());
    }

    private String attention() {
        if (config.attentionSoftcap > 0) {
            return "attention in tiles";
        }
        return flash ? "flash attention" : "attention under masks";
    }

    @Override
    public ModelRunner bind(KvRegion region) {
        return new TorchRunner(this, region);
    }

    @Override
    public void close() {
        weights.close();
        torch.close();
        arena.close();
    }
}
