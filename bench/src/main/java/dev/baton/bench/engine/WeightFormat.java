package dev.baton.bench.engine;

import dev.baton.kv.KvLayout;
import dev.baton.model.ModelSettings;
import dev.baton.model.ModelSettings.DtypeChoice;
import dev.baton.model.ModelSettings.WeightChoice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/** A format of weights, and the rivals' file that it is compared with. */
enum WeightFormat {
    BF16(2, 2, "bf16", "f16"),
    /** Weights of 8 bits, arithmetic in f32. */
    INT8(1, 1, "q8_0", "q8_0"),
    /** Weights and activations of 8 bits. */
    W8A8(1, 1, "q8_0", "q8_0"),
    /** Weights of 4 bits in groups of 32 with a scale, those of the last layer of 8; activations of 8 bits. */
    INT4(18 / 32.0, 34 / 32.0, "q4_0", "q4_0");

    /** Of a weight of the layers, and of the last product. */
    final double layerBytes;

    final double headBytes;

    /** Ending of llama.cpp's file. */
    final String llama;

    /** Ending of OpenVINO's file: its reader knows no bf16. */
    final String openVino;

    WeightFormat(double layerBytes, double headBytes, String llama, String openVino) {
        this.layerBytes = layerBytes;
        this.headBytes = headBytes;
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

    /** @param model a folder; or, with {@link #INT4}, the file that the rivals read, with its weights as they are stored */
    ModelSettings settings(Path model, DtypeChoice dtype, int threads) {
        boolean folder = Files.isDirectory(model);
        return new ModelSettings(
                model,
                model.getFileName().toString(),
                new ModelSettings.Precision(dtype, folder ? WeightChoice.named(toString()) : WeightChoice.STORED),
                threads,
                KvLayout.DEFAULT_BLOCK_TOKENS);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
