package dev.baton.model;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/** Writes a folder of bf16 weights again as GPTQ or AWQ would: matrices of the layers in 4 bits, in groups of 32. */
final class PackedFolder {
    static final int GROUP = 32;
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Outputs in the order of AWQ's words. */
    private static final int[] AWQ_ORDER = {0, 2, 4, 6, 1, 3, 5, 7};

    private final boolean awq;
    private final ObjectNode header = JSON.createObjectNode();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();

    private PackedFolder(boolean awq) {
        this.awq = awq;
    }

    /** @param quantisation what config.json gets as quantization_config */
    static Path write(Path from, Path to, boolean awq, String quantisation) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
        ObjectNode config = (ObjectNode) JSON.readTree(Files.readAllBytes(from.resolve("config.json")));
        config.set("quantization_config", JSON.readTree(quantisation));
        Files.writeString(to.resolve("config.json"), config.toString());
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(from.resolve("model.safetensors")))
                .order(ByteOrder.LITTLE_ENDIAN);
        int length = (int) file.getLong();
        PackedFolder packed = new PackedFolder(awq);
        ObjectNode old = (ObjectNode) JSON.readTree(file.array(), 8, length);
        old.properties().forEach(entry -> {
            if (!entry.getKey().equals("__metadata__")) {
                int at = 8
                        + length
                        + entry.getValue().path("data_offsets").path(0).asInt();
                int end = 8
                        + length
                        + entry.getValue().path("data_offsets").path(1).asInt();
                packed.tensor(entry.getKey(), (ObjectNode) entry.getValue(), file, at, end);
            }
        });
        byte[] json = packed.header.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
        ByteBuffer all =
                ByteBuffer.allocate(8 + json.length + packed.data.size()).order(ByteOrder.LITTLE_ENDIAN);
        all.putLong(json.length).put(json).put(packed.data.toByteArray());
        Files.write(to.resolve("model.safetensors"), all.array());
        return to;
    }

    private void tensor(String name, ObjectNode entry, ByteBuffer file, int at, int end) {
        boolean matrix = name.contains(".layers.") && name.endsWith("_proj.weight");
        if (!matrix) {
            int[] shape =
                    entry.path("shape").valueStream().mapToInt(n -> n.asInt()).toArray();
            byte[] bytes = new byte[end - at];
            file.get(at, bytes);
            put(name, entry.path("dtype").asString(""), bytes, shape);
            return;
        }
        int n = entry.path("shape").path(0).asInt();
        int k = entry.path("shape").path(1).asInt();
        boolean wide = entry.path("dtype").asString("").equals("F32");
        float[] w = new float[n * k];
        for (int i = 0; i < w.length; i++) {
            w[i] = wide ? file.getFloat(at + i * 4) : Float.intBitsToFloat(file.getShort(at + i * 2) << 16);
        }
        pack(name.substring(0, name.length() - "weight".length()), n, k, w);
    }

    private void pack(String of, int n, int k, float[] w) {
        ByteBuffer scales = buffer(k / GROUP * n * 2);
        int[] zeros = new int[k / GROUP * (n / 8)];
        int[] words = new int[n * k / 8];
        for (int row = 0; row < n; row++) {
            for (int g = 0; g < k / GROUP; g++) {
                float least = 0;
                float most = 0;
                for (int i = 0; i < GROUP; i++) {
                    least = Math.min(least, w[row * k + g * GROUP + i]);
                    most = Math.max(most, w[row * k + g * GROUP + i]);
                }
                short f16 = Float.floatToFloat16((most - least) / 15);
                float scale = Float.float16ToFloat(f16);
                int zero = Math.clamp(Math.round(-least / scale), 1, 15);
                scales.putShort((g * n + row) * 2, f16);
                zeros[g * (n / 8) + row / 8] |= (awq ? zero : zero - 1) << (place(row) * 4);
                for (int i = 0; i < GROUP; i++) {
                    int at = g * GROUP + i;
                    int q = Math.clamp(Math.round(w[row * k + at] / scale) + zero, 0, 15);
                    words[awq ? at * (n / 8) + row / 8 : at / 8 * n + row] |= q << ((awq ? place(row) : at % 8) * 4);
                }
            }
        }
        put(of + "qweight", "I32", bytes(words), awq ? k : k / 8, awq ? n / 8 : n);
        put(of + "qzeros", "I32", bytes(zeros), k / GROUP, n / 8);
        put(of + "scales", "F16", scales.array(), k / GROUP, n);
        if (!awq) {
            int[] order = new int[k];
            for (int i = 0; i < k; i++) {
                order[i] = i / GROUP;
            }
            put(of + "g_idx", "I32", bytes(order), k);
        }
    }

    private int place(int row) {
        for (int i = 0; awq && i < 8; i++) {
            if (AWQ_ORDER[i] == row % 8) {
                return i;
            }
        }
        return row % 8;
    }

    private void put(String name, String dtype, byte[] bytes, int... shape) {
        ObjectNode entry = header.putObject(name).put("dtype", dtype);
        for (int size : shape) {
            entry.withArray("shape").add(size);
        }
        entry.withArray("data_offsets").add(data.size()).add(data.size() + bytes.length);
        data.writeBytes(bytes);
    }

    private static byte[] bytes(int... words) {
        ByteBuffer bytes = buffer(words.length * 4);
        bytes.asIntBuffer().put(words);
        return bytes.array();
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
