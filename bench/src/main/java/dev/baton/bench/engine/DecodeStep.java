package dev.baton.bench.engine;

import dev.baton.engine.ModelRunner;
import dev.baton.engine.ModelRunner.Slice;
import dev.baton.engine.OpenModel;
import dev.baton.kv.KvLayout;
import dev.baton.kv.KvRegion;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.Models;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A decode step of eight sequences without sampling: what other work of a step is compared with. */
public final class DecodeStep {
    public static final int ROWS = 8;
    public static final int CONTEXT = 512;

    private static final int STEPS = 40;
    private static final int BLOCK_TOKENS = 64;

    private DecodeStep() {}

    /** The quickest of many, so that shares are rather too large. In milliseconds. */
    public static double millis(Path model, int threads) throws IOException {
        ModelSettings settings =
                new ModelSettings(model, model.getFileName().toString(), DtypeChoice.BF16, threads, BLOCK_TOKENS);
        try (Arena arena = Arena.ofShared();
                OpenModel open = Models.open(settings, (done, of) -> {})) {
            int each = Math.ceilDiv(CONTEXT + 2 * STEPS, BLOCK_TOKENS);
            KvLayout layout = open.layout(ROWS * each);
            try (ModelRunner runner = open.bind(new KvRegion(layout, arena.allocate(layout.bytes(), 64)))) {
                return millis(runner, each);
            }
        }
    }

    /** Blocks hold whatever they hold: it costs the same. */
    private static double millis(ModelRunner runner, int blocksEach) {
        double[] millis = new double[STEPS];
        for (int step = -STEPS; step < STEPS; step++) {
            List<Slice> slices = new ArrayList<>();
            for (int s = 0; s < ROWS; s++) {
                int[] blocks = new int[blocksEach];
                int first = s * blocksEach;
                Arrays.setAll(blocks, i -> first + i);
                slices.add(new Slice(new int[] {100 + s}, CONTEXT + STEPS + step, blocks, true));
            }
            long start = System.nanoTime();
            runner.forward(slices, layer -> {});
            if (step >= 0) {
                millis[step] = (System.nanoTime() - start) / 1e6;
            }
        }
        Arrays.sort(millis);
        return millis[0];
    }
}
