package dev.baton.bench.engine;

import dev.baton.kv.KvLayout;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.WeightChoice;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/** A format of weights, and the rivals' file that it is compared with. */
enum WeightFormat {
    BF16(2, "bf16", "f16"),
    /** Weights of 8 bits, arithmetic in f32. */
    INT8(1, "q8_0", "q8_0"),
    /** Weights and activations of 8 bits. */
    W8A8(1, "q8_0", "q8_0");

    final int weightBytes;

    /** Ending of llama.cpp's file. */
    final String llama;

    /** Ending of OpenVINO's file: its reader knows no bf16. */
    final String openVino;

    WeightFormat(int weightBytes, String llama, String openVino) {
        this.weightBytes = weightBytes;
        this.llama = llama;
        this.openVino = openVino;
    }

    static WeightFormat parse(String name) {
        return Arrays.stream(values())
                .filter(precision -> precision.toString().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "weights '%s': %s are known".formatted(name, Arrays.toString(values()))));
    }

    ModelSettings settings(Path folder, DtypeChoice dtype, int threads) {
        return new ModelSettings(
                folder,
                folder.getFileName().toString(),
                new ModelSettings.Precision(dtype, WeightChoice.named(toString())),
                threads,
                KvLayout.DEFAULT_BLOCK_TOKENS);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
